package lflow

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
)

// packet is a Packet of values by field name; fields not named are zero.
type packet struct {
	numbers map[string]Value
	texts   map[string]string
	keys    map[string]uint32 // of port names
}

func (p *packet) Number(s *Symbol) Value    { return p.numbers[s.Name] }
func (p *packet) Text(s *Symbol) string     { return p.texts[s.Name] }
func (p *packet) Resident(port string) bool { return vectorResident(port) }

// value returns what a flow match sees of the packet.
func (p *packet) value(s *Symbol) Value {
	if !s.IsString() {
		return p.numbers[s.Name]
	}
	return U(uint64(p.keys[p.texts[s.Name]]))
}

func (m *FlowMatch) matches(p *packet) bool {
	for _, t := range m.Terms {
		if p.value(t.Sym).And(t.Mask) != t.Value {
			return false
		}
	}
	return true
}

// evaluateFlows does what a switch does with flow matches, all of the same
// priority.
func evaluateFlows(ms []FlowMatch, p *packet) bool {
	met := map[uint32]uint64{}
	dims := map[uint32]uint8{}
	for i := range ms {
		m := &ms[i]
		if !m.matches(p) {
			continue
		}
		if m.Clauses == nil && m.ConjID == 0 {
			return true
		}
		for _, c := range m.Clauses {
			met[c.ID] |= 1 << c.Clause
			dims[c.ID] = c.N
		}
	}
	for i := range ms {
		if id := ms[i].ConjID; id != 0 && dims[id] > 0 && met[id] == 1<<dims[id]-1 && ms[i].matches(p) {
			return true
		}
	}
	return false
}

// checkFlows wants an equivalent result that is not larger.
func checkFlows(v *vector) error {
	e, err := ParseMatch(v.In, vectorOptions())
	if err != nil {
		return err
	}
	nf, err := Normalize(Annotate(e), vectorResident)
	if err != nil {
		return err
	}
	got, _, err := nf.Matches(func(_ *Symbol, name string) (uint64, bool) { k, ok := vectorPorts[name]; return uint64(k), ok }, 1)
	if err != nil {
		return err
	}
	var lines []string
	if err := json.Unmarshal(v.Out, &lines); err != nil {
		return err
	}
	want := []FlowMatch{}
	for _, l := range lines {
		m, ok, err := readFlow(l)
		if err != nil {
			return err
		}
		if ok {
			want = append(want, m)
		}
	}
	if len(lines) == 0 { // one match without fields prints as nothing
		want = append(want, FlowMatch{})
	}
	if len(got) > len(want) {
		return fmt.Errorf("%d matches, want no more than %d\n%s", len(got), len(want), describeFlows(got))
	}
	r := rand.New(rand.NewPCG(1, 2))
	all := append(append([]FlowMatch{}, got...), want...)
	for range 20000 {
		p := packetNear(r, all)
		if g, w := evaluateFlows(got, p), evaluateFlows(want, p); g != w {
			return fmt.Errorf("%v for %v, want %v\n%s", g, p, w, describeFlows(got))
		}
	}
	return nil
}

// packetNear returns a packet that mixes values of several matches and has
// some bits flipped.
func packetNear(r *rand.Rand, ms []FlowMatch) *packet {
	p := &packet{numbers: map[string]Value{}, texts: map[string]string{}, keys: vectorPorts}
	for _, s := range []string{"inport", "outport"} {
		p.texts[s] = []string{"eth0", "eth1", "lsp1", "lsp3"}[r.IntN(4)]
	}
	for range 1 + r.IntN(3) {
		if len(ms) == 0 {
			break
		}
		for _, t := range ms[r.IntN(len(ms))].Terms {
			if r.IntN(8) == 0 {
				continue
			}
			if t.Sym.IsString() {
				for name, key := range vectorPorts {
					if uint64(key) == t.Value.Lo {
						p.texts[t.Sym.Name] = name
					}
				}
				continue
			}
			v := Value{r.Uint64(), r.Uint64()}.And(Ones(t.Sym.Width)).AndNot(t.Mask).Or(t.Value)
			if r.IntN(4) == 0 {
				v = v.Xor(U(1).Shl(r.IntN(t.Sym.Width)))
			}
			p.numbers[t.Sym.Name] = v
		}
	}
	return p
}

func describeFlows(ms []FlowMatch) string {
	var b strings.Builder
	for _, m := range ms {
		for _, t := range m.Terms {
			fmt.Fprintf(&b, "%s=%s ", t.Sym.Name, appendMasked(nil, t.Value, t.Mask, Hex))
		}
		fmt.Fprintf(&b, "conj_id=%d %v\n", m.ConjID, m.Clauses)
	}
	return b.String()
}

// readFlow reads a match as ovs-ofctl prints it; ok is false for none.
func readFlow(l string) (m FlowMatch, ok bool, err error) {
	if l == "(no flows)" {
		return m, false, nil
	}
	head, conj, _ := strings.Cut(l, ": ")
	set := func(name string, t Term) {
		s := Standard().Lookup(name)
		if s.IsString() {
			t.Mask = Ones(64)
		} else if t.Mask == Ones(128) {
			t.Mask = Ones(s.Width)
		}
		m.Terms = append(m.Terms, FieldTerm{s, t})
	}
	exact := func(v uint64) Term { return Term{U(v), Ones(128)} }
	for _, f := range strings.Split(head, ",") {
		name, value, _ := strings.Cut(f, "=")
		switch name {
		case "ip":
			set("eth.type", exact(0x800))
		case "ipv6":
			set("eth.type", exact(0x86dd))
		case "tcp6":
			set("eth.type", exact(0x86dd))
			set("ip.proto", exact(6))
		case "tcp":
			set("eth.type", exact(0x800))
			set("ip.proto", exact(6))
		case "reg14":
			set("inport", number(value))
		case "nw_src":
			set("ip4.src", number(value))
		case "nw_dst":
			set("ip4.dst", number(value))
		case "ipv6_src":
			set("ip6.src", number(value))
		case "dl_src":
			set("eth.src", number(value))
		case "tp_dst":
			set("tcp.dst", number(value))
		case "conj_id":
			m.ConjID = uint32(number(value).Value.Lo)
		default:
			return m, false, fmt.Errorf("cannot read %q in %q", f, l)
		}
	}
	for _, c := range strings.Split(conj, "), ") {
		var ref ClauseRef
		if n, _ := fmt.Sscanf(c, "conjunction(%d, %d/%d", &ref.ID, &ref.Clause, &ref.N); n == 3 {
			m.Clauses = append(m.Clauses, ref)
		}
	}
	return m, true, nil
}

// number reads value[/mask]; without a mask all bits are meant.
func number(s string) Term {
	v, m, masked := strings.Cut(s, "/")
	t := Term{one(v), Ones(128)}
	if masked {
		if n, err := strconv.Atoi(m); err == nil && strings.Contains(v, ".") {
			t.Mask = Ones(n).Shl(32 - n)
		} else {
			t.Mask = one(m)
		}
	}
	t.Value = t.Value.And(t.Mask)
	return t
}

func one(s string) Value {
	if a, err := netip.ParseAddr(s); err == nil {
		return addrConstant(a).Value
	}
	if m, ok := ParseMAC(s); ok {
		return m.value()
	}
	v, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return U(v)
}
