package packet

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBFD: a control packet of RFC 5880, section 4.1, and what is none.
func TestBFD(t *testing.T) {
	const text = "20f0051800000007" + "0000002a" + "00030d40" + "00030d40" + "00000000"
	want := BFD{State: BFDUp, Poll: true, Final: true, Mult: 5, Mine: 7, Yours: 42, MinTX: 200000, MinRX: 200000}
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := ParseBFD(b); !ok || got != want {
		t.Errorf("%+v, %v, want %+v", got, ok, want)
	}
	if got := want.Append(nil); !bytes.Equal(got, b) {
		t.Errorf("%x, want %x", got, b)
	}
	for _, c := range []struct {
		why string
		at  int
		to  byte
	}{
		{"version 2", 0, 0x40}, {"authentication", 1, 0xc4}, {"multipoint", 1, 0xc1}, {"multiplier 0", 2, 0},
		{"shorter than a control packet", 3, 23}, {"longer than it is", 3, 25}, {"no discriminator", 7, 0}, {"up, and to nobody", 11, 0},
	} {
		bad := bytes.Clone(b)
		bad[c.at] = c.to
		if got, ok := ParseBFD(bad); ok {
			t.Errorf("%s: %+v", c.why, got)
		}
	}
	if _, ok := ParseBFD(b[:23]); ok {
		t.Error("cut off")
	}
	down := BFD{State: BFDDown, Mult: 1, Mine: 1}
	if got, ok := ParseBFD(down.Append(nil)); !ok || got != down {
		t.Errorf("down, to nobody yet: %+v, %v", got, ok)
	}
}

// FuzzBFD: whatever comes, what is read is written as it was read.
func FuzzBFD(f *testing.F) {
	f.Add(BFD{State: BFDUp, Poll: true, Mult: 3, Mine: 1, Yours: 2, MinTX: 1000000, MinRX: 50000}.Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := ParseBFD(b)
		if !ok {
			return
		}
		if again, ok := ParseBFD(p.Append(nil)); !ok || again != p {
			t.Errorf("%+v is %+v when it is read again, %v", p, again, ok)
		}
	})
}

// TestUDP: a datagram of either family is read as it was written, with a checksum
// that adds up.
func TestUDP(t *testing.T) {
	for _, addrs := range [][2]string{{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}} {
		src, dst := netip.MustParseAddr(addrs[0]), netip.MustParseAddr(addrs[1])
		eth := Ethernet{Src: MAC{5: 1}, Dst: MAC{5: 2}, Type: TypeIPv4}
		if src.Is6() {
			eth.Type = TypeIPv6
		}
		frame := UDP{49152, BFDPort}.Datagram(nil, eth, src, dst, BFDTTL, []byte("odd"))
		d, ok := ParseDatagram(frame)
		if !ok || d.Src != src || d.Dst != dst || d.Proto != ProtoUDP || d.TTL() != BFDTTL {
			t.Errorf("%s: %+v, %v", src, d, ok)
			continue
		}
		if sum := checksum(pseudoHeader(src.AsSlice(), dst.AsSlice(), len(d.Upper), ProtoUDP) + sum16(d.Upper)); sum != 0 {
			t.Errorf("%s: the checksum is wrong by %x", src, sum)
		}
		h, payload, ok := ParseUDP(d.Upper)
		if diff := cmp.Diff(UDP{49152, BFDPort}, h); diff != "" || !ok || string(payload) != "odd" {
			t.Errorf("%s: %s %q %v", src, diff, payload, ok)
		}
		for n := range d.Upper {
			if _, _, ok := ParseUDP(d.Upper[:n]); ok {
				t.Errorf("%s: read %d bytes of %d", src, n, len(d.Upper))
			}
		}
	}
}
