package packet

import (
	"net/netip"
	"testing"
)

// TestEcho: a request is whole, its reply and errors about it tell its identifier.
func TestEcho(t *testing.T) {
	for _, c := range []struct {
		src, dst        string
		typ             uint16
		proto, ask, ack byte
	}{
		{"10.0.0.1", "10.0.0.2", TypeIPv4, ProtoICMP, 8, 0},
		{"fd00::1", "fd00::2", TypeIPv6, ProtoICMPv6, 128, 129},
	} {
		src, dst := netip.MustParseAddr(c.src), netip.MustParseAddr(c.dst)
		b := Echo{ID: 7, Seq: 9}.Request(nil, Ethernet{Type: c.typ}, src, dst, 255, make([]byte, 8))
		d, ok := ParseDatagram(b)
		if !ok || d.Proto != c.proto || d.Src != src || d.Dst != dst || d.Upper[0] != c.ask || len(d.Upper) != 16 {
			t.Fatalf("%s: %x", c.src, b)
		}
		sum := sum16(d.Upper)
		if src.Is6() {
			sum += pseudoHeader(src.AsSlice(), dst.AsSlice(), len(d.Upper), c.proto)
		}
		if checksum(sum) != 0 {
			t.Errorf("%s: the checksum is wrong: %x", c.src, b)
		}
		if _, ok := d.EchoReply(); ok {
			t.Errorf("%s: a request is a reply", c.src)
		}
		e, ok := ParseDatagram(d.Unreachable(nil, Answer{Back: true}, false))
		if q, quoted := e.UnreachableQuote(); !ok || !quoted || q != (Quote{src, dst, c.proto, 7, 0}) {
			t.Errorf("%s: the error quotes %v", c.src, q)
		}
		d.Upper[0] = c.ack
		if h, ok := d.EchoReply(); !ok || h != (Echo{7, 9}) {
			t.Errorf("%s: the reply is %v, %v", c.src, h, ok)
		}
	}
}
