package packet

import (
	"bytes"
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/weft-sdn/weft/chassisd/internal/packettest"
)

// question is a packet made by somebody else's code.
type question struct {
	v6      bool
	tags    int
	options bool // IP options, or extension headers
	upper   gopacket.SerializableLayer
	data    int // bytes of payload
	src     string
	dst     string
	ethDst  string
}

func (q question) build(t testing.TB) []byte {
	t.Helper()
	or := func(s, d string) string {
		if s == "" {
			return d
		}
		return s
	}
	mac, err := net.ParseMAC(or(q.ethDst, "40:44:00:00:00:02"))
	if err != nil {
		t.Fatal(err)
	}
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}, DstMAC: mac}
	ls := []gopacket.SerializableLayer{eth}
	next := &eth.EthernetType
	for i := range q.tags {
		*next = layers.EthernetTypeDot1Q
		tag := &layers.Dot1Q{VLANIdentifier: uint16(5 + i), Priority: 3}
		ls, next = append(ls, tag), &tag.Type
	}
	proto := map[gopacket.LayerType]layers.IPProtocol{layers.LayerTypeTCP: layers.IPProtocolTCP, layers.LayerTypeUDP: layers.IPProtocolUDP,
		layers.LayerTypeSCTP: layers.IPProtocolSCTP, layers.LayerTypeGRE: layers.IPProtocolGRE}[q.upper.LayerType()]
	var ip gopacket.NetworkLayer
	if q.v6 {
		*next = layers.EthernetTypeIPv6
		h := &layers.IPv6{Version: 6, HopLimit: 9, NextHeader: proto, SrcIP: net.ParseIP(or(q.src, "fd00::1")), DstIP: net.ParseIP(or(q.dst, "fd00::2"))}
		ip, ls = h, append(ls, h)
		if q.options {
			h.NextHeader = layers.IPProtocolIPv6HopByHop
			ls = append(ls, gopacket.Payload{byte(layers.IPProtocolIPv6Destination), 0, 1, 4, 0, 0, 0, 0, byte(proto), 0, 1, 4, 0, 0, 0, 0})
		}
	} else {
		*next = layers.EthernetTypeIPv4
		h := &layers.IPv4{Version: 4, TTL: 9, Protocol: proto, SrcIP: net.ParseIP(or(q.src, "10.0.0.1")).To4(), DstIP: net.ParseIP(or(q.dst, "10.0.0.2")).To4()}
		if q.options {
			h.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 1}}
		}
		ip, ls = h, append(ls, h)
	}
	switch u := q.upper.(type) {
	case *layers.TCP:
		u.SetNetworkLayerForChecksum(ip)
	case *layers.UDP:
		u.SetNetworkLayerForChecksum(ip)
	}
	ls = append(ls, q.upper, gopacket.Payload(bytes.Repeat([]byte{7}, q.data)))
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// decode reads an answer, all checksums verified.
func decode(t *testing.T, b []byte) gopacket.Packet {
	t.Helper()
	p := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.Default)
	if p.ErrorLayer() != nil {
		t.Fatalf("%x: %v", b, p.ErrorLayer().Error())
	}
	if ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4); ok && checksum(sum16(ip.Contents)) != 0 {
		t.Errorf("%x: wrong checksum of IPv4", b)
	}
	switch u := p.Layer(layers.LayerTypeICMPv4).(type) {
	case *layers.ICMPv4:
		if checksum(sum16(append(append([]byte{}, u.Contents...), u.Payload...))) != 0 {
			t.Errorf("%x: wrong checksum of ICMP", b)
		}
	}
	for _, typ := range []gopacket.LayerType{layers.LayerTypeTCP, layers.LayerTypeICMPv6} {
		l, ok := p.Layer(typ).(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
			VerifyChecksum() (error, gopacket.ChecksumVerificationResult)
		})
		if !ok {
			continue
		}
		l.SetNetworkLayerForChecksum(p.NetworkLayer())
		if err, r := l.VerifyChecksum(); err != nil || !r.Valid {
			t.Errorf("%x: checksum %+v, %v", b, r, err)
		}
	}
	return p
}

func TestRefuse(t *testing.T) {
	tcp := func(seq, ack uint32, syn, withACK, fin bool) *layers.TCP {
		return &layers.TCP{SrcPort: 1000, DstPort: 80, Seq: seq, Ack: ack, SYN: syn, ACK: withACK, FIN: fin,
			Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}}
	}
	udp := &layers.UDP{SrcPort: 1000, DstPort: 53}
	for _, v6 := range []bool{false, true} {
		for _, tags := range []int{0, 1, 2} {
			for _, options := range []bool{false, true} {
				q := question{v6: v6, tags: tags, options: options}
				for _, c := range []struct {
					in       *layers.TCP
					data     int
					seq, ack uint32
					flagsACK bool
				}{
					{tcp(5, 0, true, false, false), 0, 0, 6, true},
					{tcp(1<<32-1, 0, true, false, false), 7, 0, 7, true},
					{tcp(5, 99, false, true, false), 3, 99, 0, false},
					{tcp(5, 0, false, false, true), 2, 0, 8, true},
				} {
					q.upper, q.data = c.in, c.data
					p := decode(t, reject(q.build(t)))
					r := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
					if !r.RST || r.ACK != c.flagsACK || r.Seq != c.seq || r.Ack != c.ack || r.SYN || r.FIN || r.SrcPort != 80 || r.DstPort != 1000 {
						t.Errorf("%+v: answered with %+v", q, r)
					}
					q.turnedRound(t, p)
				}
				for _, n := range []int{0, 1, 700, 1400} {
					q.upper, q.data = udp, n
					q.quoted(t, decode(t, reject(q.build(t))), 4, 3)
				}
				q.upper, q.data = &layers.GRE{Protocol: layers.EthernetTypeIPv4}, 3
				q.quoted(t, decode(t, reject(q.build(t))), 1, 1)
			}
		}
	}
}

// turnedRound checks the headers below.
func (q question) turnedRound(t *testing.T, p gopacket.Packet) {
	t.Helper()
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	src, dst := p.NetworkLayer().NetworkFlow().Endpoints()
	want := map[bool][2]string{false: {"10.0.0.2", "10.0.0.1"}, true: {"fd00::2", "fd00::1"}}[q.v6]
	if eth.SrcMAC.String() != "40:44:00:00:00:02" || eth.DstMAC.String() != "40:44:00:00:00:01" || src.String() != want[0] || dst.String() != want[1] {
		t.Errorf("%+v: answered %v %v > %v", q, eth, src, dst)
	}
	var vids []uint16
	for _, l := range p.Layers() {
		if tag, ok := l.(*layers.Dot1Q); ok {
			vids = append(vids, tag.VLANIdentifier)
		}
	}
	if len(vids) != q.tags || q.tags == 2 && (vids[0] != 5 || vids[1] != 6) {
		t.Errorf("%+v: answered in VLAN %v", q, vids)
	}
}

// quoted checks an ICMP error: its code, and that it quotes the packet, all of
// it or as much as there is room for.
func (q question) quoted(t *testing.T, p gopacket.Packet, code6, code4 uint8) {
	t.Helper()
	q.turnedRound(t, p)
	sent := q.build(t)[EthLen+4*q.tags:] // padded to the shortest frame
	if length := int(sent[4])<<8 | int(sent[5]); q.v6 {
		sent = sent[:40+length]
	} else {
		sent = sent[:int(sent[2])<<8|int(sent[3])]
	}
	var quote []byte
	room := 576 - EthLen - 28
	if q.v6 {
		room = 1280 - EthLen - 48
		icmp := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
		if icmp.TypeCode != layers.CreateICMPv6TypeCode(1, code6) {
			t.Errorf("%+v: %v", q, icmp.TypeCode)
		}
		quote = icmp.Payload[4:]
	} else {
		icmp := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		if icmp.TypeCode != layers.CreateICMPv4TypeCode(3, code4) {
			t.Errorf("%+v: %v", q, icmp.TypeCode)
		}
		quote = icmp.Payload
	}
	if !bytes.Equal(quote, sent[:min(room, len(sent))]) {
		t.Errorf("%+v: quotes %x", q, quote)
	}
}

// TestRefuseNobody: some packets are answered by nobody.
func TestRefuseNobody(t *testing.T) {
	udp := &layers.UDP{SrcPort: 1000, DstPort: 53}
	for _, q := range []question{
		{upper: udp, ethDst: "ff:ff:ff:ff:ff:ff"},
		{upper: udp, ethDst: "01:00:5e:00:00:01"},
		{upper: udp, dst: "224.0.0.1"},
		{upper: udp, dst: "255.255.255.255"},
		{upper: udp, src: "0.0.0.0"},
		{upper: udp, src: "240.0.0.1"},
		{upper: udp, src: "127.0.0.1"},
		{upper: udp, v6: true, dst: "ff02::1"},
		{upper: udp, v6: true, src: "::"},
		{upper: udp, v6: true, src: "ff02::1"},
		{upper: &layers.TCP{RST: true}},
		{upper: &layers.TCP{RST: true}, v6: true},
		{upper: &layers.TCP{SYN: true}, dst: "239.1.2.3"},
	} {
		f := q.build(t)
		if a := reject(f); a != nil {
			t.Errorf("%+v: answered with %x", q, a)
		}
		d, ok := ParseDatagram(f)
		if want := q.src == ""; !ok || d.MayRefuse(true) != want {
			t.Errorf("%+v: may be told that it is too large: %v", q, !want)
		}
	}
}

func TestMTUAndOnward(t *testing.T) {
	udp := &layers.UDP{SrcPort: 1000, DstPort: 53}
	for _, v6 := range []bool{false, true} {
		f := question{upper: udp, v6: v6, data: 5}.build(t)
		d, _ := ParseDatagram(f)
		b := d.Unreachable(nil, Answer{MTU: 1400}, false)
		decode(t, b)
		if !bytes.Equal(b[:12], f[:12]) {
			t.Errorf("Ethernet addresses are turned round: %x", b)
		}
		a, _ := ParseDatagram(b)
		if a.Src != d.Src || a.Dst != d.Dst {
			t.Errorf("IP addresses are turned round: %v > %v", a.Src, a.Dst)
		}
		if !bytes.Equal(a.Upper[4:8], []byte{0, 0, 0x05, 0x78}) {
			t.Errorf("MTU is %x", a.Upper[4:8])
		}
	}
}

func TestSetQuotedSource(t *testing.T) {
	udp := &layers.UDP{SrcPort: 1000, DstPort: 53}
	for _, options := range []bool{false, true} {
		f := question{upper: udp, data: 5, options: options}.build(t)
		d, _ := ParseDatagram(f)
		b := d.Unreachable(nil, Answer{}, false)
		if !SetQuotedSource(b, [4]byte{10, 9, 8, 7}) {
			t.Fatal("not taken for an error")
		}
		quote := gopacket.NewPacket(decode(t, b).Layer(layers.LayerTypeICMPv4).LayerPayload(), layers.LayerTypeIPv4, gopacket.Default)
		ip := quote.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if ip.SrcIP.String() != "10.9.8.7" || checksum(sum16(ip.Contents)) != 0 {
			t.Errorf("quotes %+v", ip)
		}
		if SetQuotedSource(f, [4]byte{10, 9, 8, 7}) {
			t.Error("a UDP packet is taken for an error")
		}
	}
}

// FuzzRefuse: no frame makes the agent panic, an answer is a good packet, and
// no answer is answered.
func FuzzRefuse(f *testing.F) {
	for _, s := range packettest.Stock(f) {
		f.Add(s.Sent)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		Flow(frame)
		SetQuotedSource(bytes.Clone(frame), [4]byte{1, 2, 3, 4})
		a := reject(frame)
		if a == nil {
			return
		}
		if _, ok := ParseDatagram(a); !ok {
			t.Fatalf("answer %x is no IP packet", a)
		}
		if again := reject(a); again != nil {
			t.Fatalf("answer %x is answered with %x", a, again)
		}
	})
}
