package northd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow/trace"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
)

// TestTranslationChangesNoVerdict: acl_ct_translation is about fragments. What ACLs
// say of whole packets, of connections in all states and of packets without one, is
// what they say without it.
func TestTranslationChangesNoVerdict(t *testing.T) {
	for _, option := range []string{"use_ct_inv_match=true", "use_ct_inv_match=false"} {
		var sides [2]verdicts
		for i := range sides {
			sides[i] = judged(t, fmt.Sprintf("global acl_ct_translation=%t %s", i == 1, option))
		}
		plain, translated := sides[0], sides[1]
		said := map[string]int{}
		for packet, want := range plain {
			if got := translated[packet]; got != want {
				t.Errorf("%s: %s: %s, without translation %s", option, packet, got, want)
			}
			said[want]++
		}
		t.Logf("%s: %d packets, %d different verdicts", option, len(plain), len(said))
		if len(plain) < 300 || len(said) < 5 {
			t.Errorf("%s: the packets test little: %d", option, len(said))
		}
	}
}

// verdicts are what becomes of packets.
type verdicts map[string]string

// judged traces packets through a switch with ACLs of all kinds.
func judged(t *testing.T, options string) verdicts {
	n := northdtest.New(northd.Options{})
	for _, line := range []string{
		options, "ls sw", `lsp sw p addresses unknown`, `lsp sw q addresses unknown`,
		`acl sw a from-lport 20 "udp.dst == 53" allow-related`,
		`acl sw b from-lport 19 "udp.dst == {67, 68}" drop`,
		`acl sw c from-lport 18 "tcp && tcp.dst < 100" reject`,
		`acl sw d from-lport 17 "tcp.src == 7" pass`,
		`acl sw e from-lport 16 "tcp" drop options apply-after-lb=true`,
		`acl sw f from-lport 15 "udp.dst == 9" allow-stateless`,
		`acl sw g to-lport 20 "!(udp.dst == 53)" drop`,
		`acl sw h to-lport 19 "udp.src == 5 || icmp4" allow`,
		`acl sw i to-lport 18 "ip" reject`,
	} {
		n.Do(t, line)
	}
	n.Apply(t)
	net, sw := traced(n, nil)
	out := verdicts{}
	for _, state := range []string{"new", "est", "est,rpl", "rel", "rel,rpl", "inv"} {
		ct, err := trace.ParseCTState(state)
		if err != nil {
			t.Fatal(err)
		}
		for _, dst := range []string{"40:44:00:00:00:02", "ff:ff:ff:ff:ff:ff"} {
			for _, ip := range []string{"ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2", "ip6.src == fd00::1 && ip6.dst == fd00::2"} {
				for _, l4 := range []string{
					"udp.src == 5 && udp.dst == 53", "udp.src == 6 && udp.dst == 53", "udp.src == 5 && udp.dst == 67", "udp.src == 1 && udp.dst == 9",
					"tcp.src == 7 && tcp.dst == 80 && tcp.flags == 2", "tcp.src == 7 && tcp.dst == 100 && tcp.flags == 16", "tcp.src == 8 && tcp.dst == 100 && tcp.flags == 2",
					"sctp.src == 5 && sctp.dst == 53", "ip.proto == 47", "icmp4.type == 8", "icmp4.type == 3",
				} {
					if strings.Contains(l4, "icmp4") && strings.Contains(ip, "ip6") {
						continue
					}
					for _, blocked := range []string{"", " && ct_mark.blocked"} {
						if blocked != "" && strings.HasPrefix(state, "rel") {
							continue // what belongs to a blocked connection is judged as that is
						}
						packet := fmt.Sprintf(`inport == "p" && eth.src == 40:44:00:00:00:01 && eth.dst == %s && ip.ttl == 64 && %s && %s%s`, dst, ip, l4, blocked)
						out[state+": "+packet] = judge(t, net, sw, packet, []trace.CTState{ct, ct, ct, ct})
					}
				}
			}
		}
	}
	return out
}

// judge tells where a packet, or the answer to it, comes out.
func judge(t *testing.T, net *trace.Network, sw *trace.Datapath, packet string, ct []trace.CTState) string {
	t.Helper()
	p, err := net.Microflow(packet)
	if err != nil {
		t.Fatalf("%s: %v", packet, err)
	}
	s, err := net.Trace(sw, p, trace.Options{CT: ct})
	if err != nil {
		t.Fatalf("%s: %v", packet, err)
	}
	var out []string
	var look func(s *trace.Step)
	look = func(s *trace.Step) {
		if s.Kind == trace.Change && s.Port != nil {
			out = append(out, s.Port.Name)
		}
		for _, name := range []string{"ct_commit { ct_mark.blocked = 0", "ct_commit { ct_mark.blocked = 1", "ct_commit_nat", "reject"} {
			if s.Kind == trace.Action && strings.HasPrefix(s.Text, name) {
				out = append(out, name)
			}
		}
		for _, sub := range s.Steps {
			look(sub)
		}
	}
	look(s)
	return strings.Join(slices.Compact(out), " ")
}
