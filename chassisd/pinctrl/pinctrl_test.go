package pinctrl

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func userdata(op lower.Opcode, actions ofp.Actions) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(op))
	return append(append(b, 0, 0, 0, 0), actions...)
}

func TestNDNA(t *testing.T) {
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, 7)
	m.Set(ofp.Metadata, 1)
	m.Set(ofp.Reg14, 3)
	var a ofp.ActionBuilder
	a.SetField(ofp.EthSrc, ofp.U64(0x404400000002))
	a.Resubmit(43)
	var sent []*ofp.PacketOut
	now := time.Unix(1000, 0)
	d := New(Config{
		Rate: 2, Now: func() time.Time { return now },
		Out: func(p *ofp.PacketOut) error { sent = append(sent, p); return nil },
	})
	in := &ofp.PacketIn{Packet: packettest.Solicitation(t), Metadata: m.Match(), Userdata: userdata(lower.OpNDNA, a.Actions())}
	d.handle(in)
	if len(sent) != 1 {
		t.Fatalf("%d answers", len(sent))
	}
	m.Clear(ofp.InPort)
	m.Set(ofp.InPort, uint64(ofp.PortController))
	if sent[0].Fields != m.Match() || sent[0].Actions != a.Actions() {
		t.Errorf("answer goes out with %s actions=%s", sent[0].Fields, sent[0].Actions)
	}
	p := gopacket.NewPacket(sent[0].Packet, layers.LayerTypeEthernet, gopacket.Default)
	if na, ok := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement); !ok || na.Flags != 0x60 {
		t.Errorf("answer %v", p)
	}

	in.Userdata = userdata(lower.OpNDNARouter, a.Actions())
	d.handle(in)
	in.Userdata = userdata(lower.OpNDNA, a.Actions())
	d.handle(in)
	d.handle(in) // one too many for this second
	now = now.Add(time.Second)
	d.handle(in)
	want := map[string]Stats{"nd_na": {Handled: 3, Limited: 1}, "nd_na_router": {Handled: 1}}
	if diff := cmp.Diff(want, d.Stats()); diff != "" {
		t.Error(diff)
	}
}

func TestBad(t *testing.T) {
	d := New(Config{Out: func(*ofp.PacketOut) error { return errors.New("full") }})
	d.handle(&ofp.PacketIn{Userdata: []byte{0, 0}})
	d.handle(&ofp.PacketIn{Userdata: userdata(9999, "")})
	d.handle(&ofp.PacketIn{Packet: []byte{1}, Userdata: userdata(lower.OpNDNA, "")})
	d.handle(&ofp.PacketIn{Packet: packettest.Solicitation(t), Metadata: "\x00", Userdata: userdata(lower.OpNDNA, "")})
	d.handle(&ofp.PacketIn{Packet: packettest.Solicitation(t), Userdata: userdata(lower.OpNDNA, "")})
	want := map[string]Stats{"other": {Bad: 2}, "nd_na": {Bad: 2, Unsent: 1}}
	if diff := cmp.Diff(want, d.Stats()); diff != "" {
		t.Error(diff)
	}
}

func TestRun(t *testing.T) {
	in := make(chan *ofp.PacketIn)
	out := make(chan *ofp.PacketOut, 1)
	d := New(Config{In: in, Out: func(p *ofp.PacketOut) error { out <- p; return nil }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	in <- &ofp.PacketIn{Packet: packettest.Solicitation(t), Userdata: userdata(lower.OpNDNA, "")}
	<-out
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
