package packet

import (
	"bytes"
	"net"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// TestAsk: the question for an address, as a library reads it.
func TestAsk(t *testing.T) {
	src := net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}
	for _, tags := range []int{0, 1} {
		d, _ := ParseDatagram(question{tags: tags, upper: &layers.UDP{}}.build(t))
		p := decode(t, d.Ask(nil, false))
		eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
		if !ok || !bytes.Equal(eth.SrcMAC, src) || arp.Operation != layers.ARPRequest || !bytes.Equal(arp.SourceHwAddress, src) ||
			!bytes.Equal(arp.SourceProtAddress, []byte{10, 0, 0, 1}) || !bytes.Equal(arp.DstProtAddress, []byte{10, 0, 0, 2}) {
			t.Errorf("%d tags: %v", tags, p)
		}
		if _, tagged := p.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q); tagged != (tags > 0) {
			t.Errorf("%d tags: %v", tags, p)
		}

		d, _ = ParseDatagram(question{v6: true, tags: tags, upper: &layers.UDP{}, dst: "fd00::12:3456"}.build(t))
		p = decode(t, d.Ask(nil, true))
		eth = p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		ip := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
		ns, ok := p.Layer(layers.LayerTypeICMPv6NeighborSolicitation).(*layers.ICMPv6NeighborSolicitation)
		if !ok || eth.DstMAC.String() != "33:33:ff:12:34:56" || ip.DstIP.String() != "ff02::1:ff12:3456" || ip.SrcIP.String() != "fd00::1" ||
			ip.HopLimit != 255 || ns.TargetAddress.String() != "fd00::12:3456" {
			t.Fatalf("%d tags: %v", tags, p)
		}
		if len(ns.Options) != 1 || ns.Options[0].Type != layers.ICMPv6OptSourceAddress || !bytes.Equal(ns.Options[0].Data, src) {
			t.Errorf("options %v", ns.Options)
		}

		// A next hop of the other family.
		p = decode(t, d.Ask(nil, false))
		if arp, ok = p.Layer(layers.LayerTypeARP).(*layers.ARP); !ok || !bytes.Equal(arp.SourceHwAddress, src) || !bytes.Equal(arp.DstProtAddress, make([]byte, 4)) {
			t.Errorf("%d tags: %v", tags, p)
		}
		d, _ = ParseDatagram(question{tags: tags, upper: &layers.UDP{}}.build(t))
		p = decode(t, d.Ask(nil, true))
		if ns, ok = p.Layer(layers.LayerTypeICMPv6NeighborSolicitation).(*layers.ICMPv6NeighborSolicitation); !ok || !ns.TargetAddress.IsUnspecified() {
			t.Errorf("%d tags: %v", tags, p)
		}
	}
}
