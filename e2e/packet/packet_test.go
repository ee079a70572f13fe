package packet

import (
	"encoding/hex"
	"strings"
	"testing"
)

// Each row: what is sent, and what is decoded from it.
func TestEncodeDecode(t *testing.T) {
	tests := []struct{ send, want string }{
		{"eth.dst=ff:ff:ff:ff:ff:ff eth.src=40:44:00:00:00:01 eth.type=0x88b5 payload=hello",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=40:44:00:00:00:01 eth.type=0x88b5 payload=hello"},
		{"arp.spa=10.0.0.1 arp.tpa=10.0.0.2 eth.src=40:44:00:00:00:01",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=40:44:00:00:00:01 eth.type=0x0806 arp.op=1 arp.spa=10.0.0.1 arp.sha=40:44:00:00:00:01 arp.tpa=10.0.0.2 arp.tha=00:00:00:00:00:00"},
		{"ip4.src=10.0.0.1 ip4.dst=10.0.0.2 udp.src=5 udp.dst=6 payload=hi ip.dscp=12",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x0800 ip4.src=10.0.0.1 ip4.dst=10.0.0.2 ip.proto=17 ip.ttl=64 ip.dscp=12 udp.src=5 udp.dst=6 payload=hi"},
		{"ip4.src=10.0.0.1 ip4.dst=10.0.0.2 tcp.dst=80 tcp.flags=SA",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x0800 ip4.src=10.0.0.1 ip4.dst=10.0.0.2 ip.proto=6 ip.ttl=64 ip.dscp=0 tcp.src=40000 tcp.dst=80 tcp.flags=SA tcp.seq=1 tcp.ack=0"},
		{"ip4.src=10.0.0.1 ip4.dst=10.0.0.2 sctp.src=5 sctp.dst=80 payload=0x000000070001000000010001ffffffff",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x0800 ip4.src=10.0.0.1 ip4.dst=10.0.0.2 ip.proto=132 ip.ttl=64 ip.dscp=0 sctp.src=5 sctp.dst=80 sctp.tag=0 sctp.type=1 sctp.flags=0 payload=0x000000070001000000010001ffffffff"},
		{"ip6.src=fd00::1 ip6.dst=fd00::2 sctp.dst=80 sctp.tag=9 sctp.type=6 sctp.flags=1",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x86dd ip6.src=fd00::1 ip6.dst=fd00::2 ip.proto=132 ip.ttl=64 ip.dscp=0 sctp.src=40000 sctp.dst=80 sctp.tag=9 sctp.type=6 sctp.flags=1"},
		{"ip6.src=fd00::1 ip6.dst=ff02::1:ff00:2 nd.target=fd00::2 nd.sll=40:44:00:00:00:01",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x86dd ip6.src=fd00::1 ip6.dst=ff02::1:ff00:2 ip.proto=58 ip.ttl=255 ip.dscp=0 icmp6.type=135 icmp6.code=0 nd.target=fd00::2 nd.sll=40:44:00:00:00:01"},
		{"ip6.src=fd00::1 ip6.dst=fd00::2 icmp6.type=128 icmp.id=7 icmp.seq=9 payload=x",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x86dd ip6.src=fd00::1 ip6.dst=fd00::2 ip.proto=58 ip.ttl=64 ip.dscp=0 icmp6.type=128 icmp6.code=0 icmp.id=7 icmp.seq=9 payload=x"},
		{"ip4.src=10.0.0.1 ip4.dst=10.0.0.2 icmp4.type=8 icmp.id=1 icmp.seq=2 vlan.vid=5 vlan.pcp=3",
			"eth.dst=ff:ff:ff:ff:ff:ff eth.src=02:00:00:00:00:01 eth.type=0x8100 vlan.vid=5 vlan.pcp=3 vlan.type=0x0800 ip4.src=10.0.0.1 ip4.dst=10.0.0.2 ip.proto=1 ip.ttl=64 ip.dscp=0 icmp4.type=8 icmp4.code=0 icmp.id=1 icmp.seq=2"},
	}
	for _, tt := range tests {
		b, err := Encode(strings.Fields(tt.send))
		if err != nil {
			t.Errorf("%s: %v", tt.send, err)
			continue
		}
		if got := Decode(b).String(); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.send, got, tt.want)
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	for _, s := range []string{"eth.dst", "eth.dst=x", "ip4.src=1.2.3", "udp.dst=70000 ip4.src=1.1.1.1", "nonsense=1", "hex=0g", "tcp.dst=1"} {
		if b, err := Encode(strings.Fields(s)); err == nil {
			t.Errorf("%q: no error, but %x", s, b)
		} else if !strings.HasPrefix(err.Error(), "packet: ") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestGeneve(t *testing.T) {
	// Outer 10.0.0.1 -> 10.0.0.2, VNI 5, option 0102:80 with inport 3 and outport 4, inner ARP request.
	const s = "0a000a000002" + "0a000a000001" + "0800" +
		"4500005a000040004011266e0a0000010a000002" + "c00017c100460000" +
		"0200655800000500" + "0102800100030004" +
		"ffffffffffff" + "404400000001" + "0806" + "0001080006040001404400000001c0a8000b000000000000c0a8000c"
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	p := Decode(b)
	f, err := ParseFilter([]string{"geneve.vni==5", "geneve.class==0x102", "geneve.type==0x80", "geneve.inport==3", "geneve.outport==0x4",
		"inner.arp.tpa==192.168.0.0/24", "ip4.dst==10.0.0.2", "eth.src!=40:44:00:00:00:01", "inner.eth.src=~40:44", "inner.arp.op", "!vlan.vid"})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Match(p) {
		t.Errorf("%s does not fit %s", p, f)
	}
	for _, no := range []string{"geneve.vni==6", "geneve.vni!=5", "!geneve.vni", "vlan.vid", "arp.tpa==192.168.0.12", "inner.arp.tpa==10.0.0.0/8"} {
		f, err := ParseFilter([]string{no})
		if err != nil {
			t.Fatal(err)
		}
		if f.Match(p) {
			t.Errorf("%s fits %s", p, f)
		}
	}
}

func TestSame(t *testing.T) {
	frame := func(length int, end string) []byte {
		return append([]byte(strings.Repeat("x", length-len(end))), end...)
	}
	zeros := func(b []byte, length int) []byte { return append(b[:len(b):len(b)], make([]byte, length-len(b))...) }
	short := frame(42, "end")
	for _, tt := range []struct {
		name string
		a, b []byte
		want bool
	}{
		{"equal", short, frame(42, "end"), true},
		{"other bytes", short, frame(42, "END"), false},
		{"padded", short, zeros(short, 60), true},
		{"padded, then a tag taken off", short, zeros(short, 56), true},
		{"padded, then tagged", short, zeros(short, 64), true},
		{"longer than padding makes it", short, zeros(short, 70), false},
		{"something in the padding", short, append(zeros(short, 59), 1), false},
		{"cut", frame(100, "end"), frame(100, "end")[:90], false},
	} {
		if Same(tt.a, tt.b) != tt.want || Same(tt.b, tt.a) != tt.want {
			t.Errorf("%s: Same is not %v both ways", tt.name, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"arp.op=1", "ip4.src=1.1.1.1 udp.dst=6081 payload=0x0200655800000500010280010003", "ip6.src=::1 nd.target=::1"} {
		b, err := Encode(strings.Fields(s))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { _ = Decode(b).String() })
}
