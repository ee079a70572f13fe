package lflow

import (
	"math/rand/v2"
	"testing"
)

func TestTracked(t *testing.T) {
	for match, want := range map[string]string{
		"udp.dst == 53":                     "ct_udp.dst == 53",
		"tcp":                               "ct_tcp",
		"53==udp.src&&!(sctp.dst[0..3]==1)": "53==ct_udp.src&&!(ct_sctp.dst[0..3]==1)",
		"tcp.flags == 2 && tcp.src < 1024":  "tcp.flags == 2 && ct_tcp.src < 1024",
		`inport == "udp" && udp /* udp.dst */ // tcp`: `inport == "udp" && ct_udp /* udp.dst */ // tcp`,
		"ip4.src == $tcp && inport == @udp":           "",
		"ip.proto == 17 || icmp4":                     "",
		"ct_udp.dst == 53":                            "",
		"1":                                           "",
	} {
		got, ok := Tracked(match)
		if ok != (want != "") || ok && got != want || !ok && got != match {
			t.Errorf("%s: %s, %v, want %s", match, got, ok, want)
		}
	}
}

// ported is an IP packet of which conntrack knows the connection, which began
// with the packet's own protocol and ports.
type ported struct{ proto, src, dst, frag uint64 }

func (p ported) Text(*Symbol) string  { return "p" }
func (p ported) Resident(string) bool { return false }
func (p ported) Number(s *Symbol) Value {
	later := p.frag == 3
	switch name := s.Name; {
	case name == "eth.type":
		return U(0x86dd)
	case name == "ct_state":
		return U(1<<5 | 1) // +trk+new
	case name == "ip.frag":
		return U(p.frag)
	case name == "ct_nw_proto":
		return U(p.proto)
	case name == "ip.proto" && later:
		return U(44) // as the userspace datapath sees later fragments
	case name == "ip.proto":
		return U(p.proto)
	case name == "ct_tcp.src" || name == "ct_udp.src" || name == "ct_sctp.src":
		return U(p.src)
	case name == "ct_tcp.dst" || name == "ct_udp.dst" || name == "ct_sctp.dst":
		return U(p.dst)
	case later:
		return Value{}
	case name == "tcp.src" || name == "udp.src" || name == "sctp.src":
		return U(p.src)
	case name == "tcp.dst" || name == "udp.dst" || name == "sctp.dst":
		return U(p.dst)
	}
	return Value{}
}

// TestTrackedFits: a translated match says of all fragments what the match says of
// the whole packet.
func TestTrackedFits(t *testing.T) {
	matches := []string{
		"udp", "tcp.dst == 80", "udp.src != 53", "tcp.dst == {80, 443} && tcp.src >= 1024", "!(udp.dst == 53)",
		"sctp.dst[0] || tcp.src[0..1] == 2", "(ip6 && udp && udp.dst > 60) || sctp", "!(tcp.src == 1) && ip", "1 <= udp.dst <= 53",
	}
	r := rand.New(rand.NewPCG(1, 2))
	said := map[bool]int{}
	for _, match := range matches {
		plain, err := ParseMatch(match, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, ok := Tracked(match)
		translated, err := ParseMatch(text, nil)
		if !ok || err != nil {
			t.Fatal(match, text, err)
		}
		for range 200 {
			p := ported{proto: []uint64{6, 17, 132, 1}[r.IntN(4)], src: uint64(r.IntN(3)), dst: []uint64{53, 80, 443}[r.IntN(3)]}
			want := Evaluate(plain, p)
			for _, frag := range []uint64{0, 1, 3} {
				p.frag = frag
				if got := Evaluate(translated, p); got != want {
					t.Errorf("%s: %v of %+v, %s: %v", match, want, p, text, got)
				}
			}
			said[want]++
		}
	}
	if said[true] < 200 || said[false] < 200 {
		t.Errorf("the packets test little: %v", said)
	}
}
