package duty

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

func userdata(op lower.Opcode) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(op)), 0, 0, 0, 0)
}

// from is a packet that came in by a port of datapath 1.
func from(port uint64, op lower.Opcode) *ofp.PacketIn {
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, 7)
	m.Set(ofp.Metadata, 3<<lower.DatapathBits|1)
	m.Set(ofp.Reg14, port)
	return &ofp.PacketIn{Packet: []byte{1}, Metadata: m.Match(), Userdata: userdata(op)}
}

func echo(p *Packet, out *Out) error { return out.Reply(p, p.Packet, p.Nested()) }

func handlers(op lower.Opcode, h Handler) map[lower.Opcode]Handler {
	return map[lower.Opcode]Handler{op: h}
}

// TestStats: what becomes of packets is counted by action.
func TestStats(t *testing.T) {
	now := time.Unix(1000, 0)
	var sent []*ofp.PacketOut
	full := false
	r := NewRunner(Config{
		Rate: 2, Now: func() time.Time { return now },
		Out: func(p *ofp.PacketOut) error {
			if full {
				return errors.New("full")
			}
			sent = append(sent, p)
			return nil
		},
	}, Duty{Name: "echo", Packets: handlers(lower.OpNDNA, echo)})
	for range 3 {
		r.Handle(from(3, lower.OpNDNA)) // the third is one too many for this second
	}
	r.Handle(from(3, lower.OpIGMP)) // nobody's
	r.Handle(&ofp.PacketIn{Userdata: []byte{0, 0}})
	now = now.Add(time.Second)
	full = true
	r.Handle(from(3, lower.OpNDNA))
	bad := from(3, lower.OpNDNA)
	bad.Metadata = "\x00"
	now = now.Add(2 * time.Second)
	r.Handle(bad)
	want := map[string]Stats{"nd_na": {Handled: 2, Limited: 1, Unsent: 1, Bad: 1}, "other": {Bad: 2}}
	if diff := cmp.Diff(want, r.Stats()); diff != "" {
		t.Error(diff)
	}
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, uint64(ofp.PortController))
	m.Set(ofp.Metadata, 3<<lower.DatapathBits|1)
	m.Set(ofp.Reg14, 3)
	if len(sent) != 2 || sent[0].Fields != m.Match() {
		t.Errorf("sent %d, with %s", len(sent), sent[0].Fields)
	}
}

// TestFair: a port that sends without end leaves a quiet one its part, and all
// together get the rate.
func TestFair(t *testing.T) {
	const rate = 100
	l, now := newLimit(rate), time.Unix(1000, 0)
	taken := map[port]int{}
	loud, quiet := port{1, 1}, port{1, 2}
	for ms := range 20_000 {
		now = now.Add(time.Millisecond)
		for range 10 {
			if l.take(loud, now) {
				taken[loud]++
			}
		}
		if ms%50 == 0 && l.take(quiet, now) { // 20 a second
			taken[quiet]++
		}
	}
	if taken[quiet] != 400 {
		t.Errorf("%d of the quiet port's 400 packets", taken[quiet])
	}
	if n := taken[loud]; n < 20*rate/2 || n > 22*rate/2+rate {
		t.Errorf("%d packets of the loud port", n)
	}
	for i := range 2 * maxPorts {
		l.take(port{2, uint32(i + 1)}, now)
	}
	if len(l.buckets) > maxPorts+1 {
		t.Errorf("%d ports are remembered", len(l.buckets))
	}
	l.take(quiet, now.Add(time.Minute))
	if len(l.buckets) != 1 {
		t.Errorf("%d ports are remembered, all but one quiet for a minute", len(l.buckets))
	}
}

// TestRun: packets, what the tables say, time and records, in the runner's own
// goroutine.
func TestRun(t *testing.T) {
	row := schema.NameUUID("row")
	seen, woken := make(chan string, 8), make(chan bool, 8)
	d := Duty{
		Name: "test", Table: "MAC_Binding", Max: 2,
		Packets: handlers(lower.OpPutARP, func(_ *Packet, out *Out) error {
			out.Record(row, []byte("learned"))
			return nil
		}),
		Read: func(*tables.Tables) func(*Out) { return func(out *Out) { out.At(out.Now()) } },
		Wake: func(*Out) { woken <- true },
		Seen: func(_ schema.UUID, value []byte, _ *Out) { seen <- string(value) },
	}
	r := NewRunner(Config{}, d)
	ctx, cancel := context.WithCancel(t.Context())
	in, done := make(chan *ofp.PacketIn), make(chan error)
	go func() { done <- r.Run(ctx, in) }()
	in <- from(1, lower.OpPutARP)
	<-r.Ready()
	if diff := cmp.Diff([]Record{{"MAC_Binding", row, []byte("learned")}}, r.Records()); diff != "" {
		t.Error(diff)
	}
	if len(r.Records()) != 0 {
		t.Error("records are told twice")
	}
	r.Read(nil)
	<-woken
	r.Seen("MAC_Binding", row, []byte("before"))
	r.Seen("FDB", row, nil)
	r.Seen("MAC_Binding", row, nil)
	if a, b := <-seen, <-seen; a != "before" || b != "" {
		t.Errorf("seen %q, %q", a, b)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestBound: a duty has so many records, those of an earlier run among them.
func TestBound(t *testing.T) {
	var took []bool
	d := Duty{Name: "test", Table: "FDB", Max: 2, Seen: func(schema.UUID, []byte, *Out) {}, Packets: handlers(lower.OpPutFDB, func(p *Packet, out *Out) error {
		took = append(took, out.Record(schema.NameUUID(string(p.Packet)), []byte("x")))
		return nil
	})}
	r := NewRunner(Config{}, d)
	r.Seen("FDB", schema.NameUUID("old"), []byte("x"))
	r.Hear()
	for _, name := range []string{"a", "b", "a", "old"} {
		p := from(1, lower.OpPutFDB)
		p.Packet = []byte(name)
		r.Handle(p)
	}
	if diff := cmp.Diff([]bool{true, false, true, true}, took); diff != "" {
		t.Error(diff)
	}
	fs := r.Figures()
	if len(fs) != 1 || fs[0].Name != "test_records_refused_total" || fs[0].Value() != 1 {
		t.Errorf("figures %+v", fs)
	}
}
