package packet

import (
	"net"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// solicitation is built by somebody else's code.
func solicitation(t testing.TB, src, dst, target string, tagged bool) []byte {
	t.Helper()
	eth := &layers.Ethernet{
		SrcMAC: net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{0x33, 0x33, 0xff, 0, 0, 0x12},
		EthernetType: layers.EthernetTypeIPv6,
	}
	ip := &layers.IPv6{
		Version: 6, NextHeader: layers.IPProtocolICMPv6, HopLimit: 255,
		SrcIP: net.ParseIP(src), DstIP: net.ParseIP(dst),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborSolicitation, 0)}
	icmp.SetNetworkLayerForChecksum(ip)
	ns := &layers.ICMPv6NeighborSolicitation{TargetAddress: net.ParseIP(target)}
	ls := []gopacket.SerializableLayer{eth, ip, icmp, ns}
	if tagged {
		eth.EthernetType = layers.EthernetTypeDot1Q
		ls = []gopacket.SerializableLayer{eth, &layers.Dot1Q{VLANIdentifier: 5, Type: layers.EthernetTypeIPv6}, ip, icmp, ns}
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		tagged   bool
		to       string
		toMAC    string
		flags    uint8
	}{
		{"fd00::1", "ff02::1:ff00:12", false, "fd00::1", "40:44:00:00:00:01", 0x60},
		{"fd00::1", "fd00::12", true, "fd00::1", "40:44:00:00:00:01", 0x60},
		{"::", "ff02::1:ff00:12", false, "ff02::1", "33:33:00:00:00:01", 0x20},
	} {
		s, ok := ParseSolicitation(solicitation(t, c.src, c.dst, "fd00::12", c.tagged))
		if !ok || s.Target != netip.MustParseAddr("fd00::12") {
			t.Fatalf("%+v: parsed as %+v, %v", c, s, ok)
		}
		p := gopacket.NewPacket(s.Answer(nil, NASolicited|NAOverride), layers.LayerTypeEthernet, gopacket.Default)
		if p.ErrorLayer() != nil {
			t.Fatal(p.ErrorLayer().Error())
		}
		eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		ip := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
		icmp := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
		icmp.SetNetworkLayerForChecksum(ip)
		if err, r := icmp.VerifyChecksum(); err != nil || !r.Valid {
			t.Errorf("checksum %v, %v", r, err)
		}
		na := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
		if eth.DstMAC.String() != c.toMAC || ip.DstIP.String() != c.to || ip.SrcIP.String() != "fd00::12" ||
			ip.HopLimit != 255 || na.Flags != c.flags || na.TargetAddress.String() != "fd00::12" {
			t.Errorf("%+v: answer %+v %+v %+v", c, eth, ip, na)
		}
		if len(na.Options) != 1 || na.Options[0].Type != layers.ICMPv6OptTargetAddress {
			t.Errorf("options %v", na.Options)
		}
	}
}

// TestAdvertise: an unasked advertisement is what hosts take for one, RFC 4861,
// 7.1.2.
func TestAdvertise(t *testing.T) {
	p := gopacket.NewPacket(Advertise(nil, MAC{0x40, 0x44, 5: 9}, netip.MustParseAddr("fd00::9"), NARouter|NAOverride), layers.LayerTypeEthernet, gopacket.Default)
	if p.ErrorLayer() != nil {
		t.Fatal(p.ErrorLayer().Error())
	}
	eth, ip := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet), p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	icmp := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	icmp.SetNetworkLayerForChecksum(ip)
	if err, r := icmp.VerifyChecksum(); err != nil || !r.Valid {
		t.Errorf("checksum %v, %v", r, err)
	}
	na := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
	if eth.SrcMAC.String() != "40:44:00:00:00:09" || eth.DstMAC.String() != "33:33:00:00:00:01" || ip.SrcIP.String() != "fd00::9" ||
		ip.DstIP.String() != "ff02::1" || ip.HopLimit != 255 || na.Flags != 0xa0 || na.TargetAddress.String() != "fd00::9" {
		t.Errorf("%+v %+v %+v", eth, ip, na)
	}
	if len(na.Options) != 1 || net.HardwareAddr(na.Options[0].Data).String() != "40:44:00:00:00:09" {
		t.Errorf("options %v", na.Options)
	}
}

func TestNotASolicitation(t *testing.T) {
	good := solicitation(t, "fd00::1", "fd00::12", "fd00::12", false)
	for name, spoil := range map[string]func(b []byte) []byte{
		"hop limit": func(b []byte) []byte { b[21] = 64; return b },
		"type":      func(b []byte) []byte { b[54] = 136; return b },
		"code":      func(b []byte) []byte { b[55] = 1; return b },
		"multicast": func(b []byte) []byte { b[62] = 0xff; return b },
		"version":   func(b []byte) []byte { b[14] = 0x45; return b },
		"length":    func(b []byte) []byte { b[18] = 1; return b },
		"short":     func(b []byte) []byte { return b[:70] },
		"ethertype": func(b []byte) []byte { b[12] = 8; return b },
	} {
		if _, ok := ParseSolicitation(spoil(append([]byte{}, good...))); ok {
			t.Errorf("%s: taken for a solicitation", name)
		}
	}
}

func FuzzParseSolicitation(f *testing.F) {
	f.Add(solicitation(f, "fd00::1", "fd00::12", "fd00::12", false))
	f.Add(solicitation(f, "::", "ff02::1:ff00:12", "fd00::12", true))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := ParseSolicitation(b); ok {
			a := s.Answer(nil, NASolicited)
			if _, ok := ParseSolicitation(a); ok {
				t.Error("an answer is a solicitation")
			}
		}
	})
}
