package pinctrl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func TestNDNA(t *testing.T) {
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, 7)
	m.Set(ofp.Metadata, 1)
	m.Set(ofp.Reg14, 3)
	var a ofp.ActionBuilder
	a.SetField(ofp.EthSrc, ofp.U64(0x404400000002))
	a.Resubmit(43)
	w := newWire()
	in := &ofp.PacketIn{Packet: packettest.Solicitation(t), Metadata: m.Match(), Userdata: userdata(lower.OpNDNA, a.Actions())}
	w.Handle(in)
	if len(w.sent) != 1 {
		t.Fatalf("%d answers", len(w.sent))
	}
	m.Clear(ofp.InPort)
	m.Set(ofp.InPort, uint64(ofp.PortController))
	if w.sent[0].Fields != m.Match() || w.sent[0].Actions != a.Actions() {
		t.Errorf("answer goes out with %s actions=%s", w.sent[0].Fields, w.sent[0].Actions)
	}
	p := gopacket.NewPacket(w.sent[0].Packet, layers.LayerTypeEthernet, gopacket.Default)
	if na, ok := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement); !ok || na.Flags != 0x60 {
		t.Errorf("answer %v", p)
	}

	in.Userdata = userdata(lower.OpNDNARouter, a.Actions())
	w.Handle(in)
	p = gopacket.NewPacket(w.sent[1].Packet, layers.LayerTypeEthernet, gopacket.Default)
	if na, ok := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement); !ok || na.Flags != 0xe0 {
		t.Errorf("answer of a router %v", p)
	}
	in.Packet = []byte{1}
	w.Handle(in)
	in.Packet, in.Metadata = packettest.Solicitation(t), "\x00"
	w.Handle(in)
	want := map[string]duty.Stats{"nd_na": {Handled: 1}, "nd_na_router": {Handled: 1, Bad: 2}}
	if diff := cmp.Diff(want, w.Stats()); diff != "" {
		t.Error(diff)
	}
}
