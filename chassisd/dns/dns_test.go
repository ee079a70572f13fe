package dns

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/schema"
)

// zone is a responder that has names on switch 1: those of row 1, and of row 2, whose owner
// answers all.
func zone(some, owned map[string]string) *responder {
	d := &responder{rows: map[schema.UUID]*names{}, at: map[uint32][]schema.UUID{}, on: map[tables.Member]uint32{}}
	for i, all := range []map[string]string{some, owned} {
		id := schema.NameUUID("DNS", fmt.Sprint(i))
		row := d.row(id)
		var b strings.Builder
		for name, value := range all {
			b.WriteString(name + "\x00" + value + "\x00")
		}
		row.parts["x"], row.owned = tables.Names(b.String()), i == 1
		row.collect()
		d.place(tables.Member{Group: id, Row: schema.NameUUID("switch")}, 1, true)
	}
	return d
}

// ask asks, and returns what is answered: nil for nothing.
func ask(t *testing.T, d *responder, name string, kind uint16, edns uint16) *dns.Msg {
	t.Helper()
	q := new(dns.Msg).SetQuestion(name, kind)
	if edns > 0 {
		q.SetEdns0(edns, false)
	}
	b, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	b = d.answer(1, b)
	if b == nil {
		return nil
	}
	a := new(dns.Msg)
	if err := a.Unpack(b); err != nil {
		t.Fatal(err)
	}
	if a.Id != q.Id || !a.Response || a.Authoritative || a.RecursionAvailable || a.Rcode != 0 || a.Question[0] != q.Question[0] {
		t.Errorf("%s: %v", name, a)
	}
	if (a.IsEdns0() != nil) != (edns > 0) {
		t.Errorf("%s: OPT: %v", name, a.IsEdns0())
	}
	if edns == 0 && len(b) > dns.MinMsgSize || edns > 0 && len(b) > ednsSize {
		t.Errorf("%s: %d bytes", name, len(b))
	}
	return a
}

func TestAnswers(t *testing.T) {
	many := make([]string, 60)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{10, 0, 3, byte(i)}).String()
	}
	d := zone(map[string]string{
		"Www.Example.test": "10.0.0.1 fd00::1", "four.example.test.": "10.0.0.4", "many.example.test": strings.Join(many, " "),
		"1.0.0.10.in-addr.arpa": "www.example.test", "bad.example.test": "somewhere", "odd.arpa": "a..b",
	}, map[string]string{"mine.example.test": "10.0.0.5", "four.example.test": "10.0.0.9"})
	for _, c := range []struct {
		name string
		kind uint16
		edns uint16
		want string // the values, "-" for no answer
	}{
		{"www.example.test.", dns.TypeA, 0, "10.0.0.1"},
		{"wWw.eXample.test.", dns.TypeAAAA, 1232, "fd00::1"},
		{"www.example.test.", dns.TypeANY, 0, "10.0.0.1 fd00::1"},
		{"four.example.test.", dns.TypeA, 0, "10.0.0.4"},
		{"four.example.test.", dns.TypeAAAA, 0, ""},
		{"four.example.test.", dns.TypeMX, 0, "-"},
		{"mine.example.test.", dns.TypeMX, 0, ""},
		{"mine.example.test.", dns.TypeA, 0, "10.0.0.5"},
		{"other.mine.example.test.", dns.TypeA, 0, "-"},
		{"1.0.0.10.in-addr.arpa.", dns.TypePTR, 0, "www.example.test."},
		{"www.example.test.", dns.TypePTR, 0, "-"},
		{"odd.arpa.", dns.TypePTR, 0, "-"},
		{"bad.example.test.", dns.TypeA, 0, "-"},
		{".", dns.TypeA, 0, "-"},
		{"many.example.test.", dns.TypeA, 4096, strings.Join(many, " ")},
	} {
		a := ask(t, d, c.name, c.kind, c.edns)
		if a == nil {
			if c.want != "-" {
				t.Errorf("%s %d: no answer", c.name, c.kind)
			}
			continue
		}
		var got []string
		for _, rr := range a.Answer {
			if rr.Header().Ttl != ttl || rr.Header().Name != c.name {
				t.Errorf("%s: %v", c.name, rr)
			}
			got = append(got, rr.String()[strings.LastIndexByte(rr.String(), '\t')+1:])
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s %d: %q, want %q", c.name, c.kind, s, c.want)
		}
	}
	if a := ask(t, d, "many.example.test.", dns.TypeA, 0); !a.Truncated || len(a.Answer) == 0 {
		t.Errorf("not cut: %v", a)
	}
	if d.answer(2, mustPack(t, new(dns.Msg).SetQuestion("www.example.test.", dns.TypeA))) != nil {
		t.Error("another switch has the names")
	}
}

func mustPack(t *testing.T, m *dns.Msg) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNotQueries: answers, updates and what has several questions go on.
func TestNotQueries(t *testing.T) {
	d := zone(map[string]string{"a.test": "10.0.0.1"}, nil)
	good := func() *dns.Msg { return new(dns.Msg).SetQuestion("a.test.", dns.TypeA) }
	if d.answer(1, mustPack(t, good())) == nil {
		t.Fatal("no answer")
	}
	for what, change := range map[string]func(*dns.Msg){
		"answer":    func(m *dns.Msg) { m.Response = true },
		"update":    func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate },
		"truncated": func(m *dns.Msg) { m.Truncated = true },
		"two":       func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) },
		"none":      func(m *dns.Msg) { m.Question = nil },
		"chaos":     func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS },
	} {
		m := good()
		change(m)
		if d.answer(1, mustPack(t, m)) != nil {
			t.Errorf("%s is answered", what)
		}
	}
}

// TestPlace: a switch gets and loses names, and may get another key.
func TestPlace(t *testing.T) {
	d := zone(map[string]string{"a.test": "10.0.0.1"}, nil)
	query := mustPack(t, new(dns.Msg).SetQuestion("a.test.", dns.TypeA))
	m := tables.Member{Group: schema.NameUUID("DNS", "0"), Row: schema.NameUUID("switch")}
	d.place(m, 7, true)
	if d.answer(1, query) != nil || d.answer(7, query) == nil {
		t.Error("the key did not change")
	}
	d.place(m, 0, false)
	if d.answer(7, query) != nil || len(d.at[7]) != 0 {
		t.Error("the names are there still")
	}
}

// FuzzAnswer: whatever a VM sends.
func FuzzAnswer(f *testing.F) {
	b, _ := new(dns.Msg).SetQuestion("a.test.", dns.TypeA).Pack()
	f.Add(b)
	d := zone(map[string]string{"a.test": "10.0.0.1"}, map[string]string{"b.test": "10.0.0.2"})
	f.Fuzz(func(t *testing.T, b []byte) {
		if a := d.answer(1, b); a != nil && new(dns.Msg).Unpack(a) != nil {
			t.Errorf("a bad answer %x", a)
		}
	})
}
