package trace

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// A testPacket is written `PORT PROTO SRC[:SPORT]>DST[:DPORT] [FLAGS [dscp]]`,
// for ICMP with TYPE/CODE in place of FLAGS, and for its errors with what they
// quote behind that: `quoting PROTO …`.
type testPacket struct {
	from         string
	proto        string
	src, dst     netip.Addr
	sport, dport uint16
	flags        string // of S A F R
	dscp         uint8
	kind, code   uint8
	quoted       *testPacket
}

func parsePacket(text string) (k testPacket) {
	head, quote, quotes := strings.Cut(text, " quoting ")
	if quotes {
		q := parsePacket("- " + quote)
		k.quoted = &q
	}
	words := strings.Fields(head)
	k.from, k.proto = words[0], words[1]
	src, dst, _ := strings.Cut(words[2], ">")
	end := func(s string) (netip.Addr, uint16) {
		if ap, err := netip.ParseAddrPort(s); err == nil {
			return ap.Addr(), ap.Port()
		}
		return netip.MustParseAddr(s), 0
	}
	k.src, k.sport = end(src)
	k.dst, k.dport = end(dst)
	if len(words) > 3 && strings.HasPrefix(k.proto, "icmp") {
		kind, code, _ := strings.Cut(words[3], "/")
		a, _ := strconv.Atoi(kind)
		b, _ := strconv.Atoi(code)
		k.kind, k.code = uint8(a), uint8(b)
	} else if len(words) > 3 {
		k.flags = words[3]
	}
	if words[len(words)-1] == "dscp" {
		k.dscp = 1
	}
	return k
}

func (k testPacket) tcpFlags() (bits int) {
	for i, f := range map[int]string{tcpFIN: "F", tcpSYN: "S", tcpRST: "R", tcpACK: "A"} {
		if strings.Contains(k.flags, f) {
			bits |= i
		}
	}
	return bits
}

func (k testPacket) microflow() string {
	family, proto := "ip4", k.proto
	if k.src.Is6() {
		family = "ip6"
	}
	s := fmt.Sprintf("eth.src == 02:00:00:00:00:00 && eth.dst == 02:00:00:00:01:00 && %s.src == %s && %s.dst == %s && ip.ttl == 64", family, k.src, family, k.dst)
	switch proto {
	case "icmp4", "icmp6":
		s += fmt.Sprintf(" && %s.type == %d && %s.code == %d", proto, k.kind, proto, k.code)
	default:
		s += fmt.Sprintf(" && %s.src == %d && %s.dst == %d", proto, k.sport, proto, k.dport)
	}
	if proto == "tcp" {
		s += fmt.Sprintf(" && tcp.flags == %d", k.tcpFlags())
	}
	if k.dscp > 0 {
		s += fmt.Sprintf(" && ip.dscp == %d", k.dscp)
	}
	if k.from != "-" {
		s = fmt.Sprintf("inport == %q && %s", k.from, s)
	}
	return s
}

// testNet is a datapath with ports a, b and probe, for traces and for a switch.
type testNet struct {
	router bool
	flows  []*Flow
}

func (n *testNet) add(l lflow.Pipeline, table, priority int, match, actions string) {
	n.flows = append(n.flows, &Flow{Pipeline: l, Table: table, Priority: priority, Match: match, Actions: actions})
}

var testPorts = []string{"a", "b", "probe"}

// seen has a copy of the packet come out at probe, with its ct_state and
// ct_mark in the last two bytes of eth.src.
const seen = `clone { eth.src[0..7] = ct_state[0..7]; eth.src[8..15] = ct_mark[0..7]; outport = "probe"; output; }; next;`

// through is what the packet is sent from port to port by.
func (n *testNet) through(table int) {
	n.add(lflow.Ingress, table, 10, `inport == "a"`, `outport = "b"; output;`)
	n.add(lflow.Ingress, table, 10, `inport == "b"`, `outport = "a"; output;`)
	n.add(lflow.Ingress, 0, 300, `eth.type == 0x88b5`, `outport = "probe"; output;`) // the judge's
	n.add(lflow.Egress, 0, 200, `outport == "probe"`, `output;`)
}

// aclNet has the ACLs of OVN's pipeline: from a, TCP to port 80, UDP to port
// 53 and pings are allowed and may be answered; TCP to port 22 was once.
// Packets with DSCP 1 meet another version of it, in which port 80 is closed.
func aclNet() *testNet {
	n := &testNet{}
	in := func(table, priority int, match, actions string) {
		n.add(lflow.Ingress, table, priority, match, actions)
	}
	in(0, 100, `ip`, `ct_next;`)
	in(1, 0, `1`, seen)
	const acl = `inport == "a" && (tcp.dst == 80 || udp.dst == 53 || icmp4.type == 8 || icmp6.type == 128)`
	in(2, 65532, `ct.inv || (ct.est && ct.rpl && ct_mark.blocked == 1)`, `drop;`)
	in(2, 65532, `ct.est && !ct.rel && !ct.new && !ct.inv && ct.rpl && ct_mark.blocked == 0`, `next;`)
	in(2, 65532, `!ct.est && ct.rel && !ct.new && !ct.inv && ct_mark.blocked == 0`, `next;`)
	in(2, 1100, `ct.est && ct_mark.blocked == 0 && ip.dscp == 1 && tcp.dst == 80`, `ct_commit { ct_mark.blocked = 1; };`)
	in(2, 1100, `(!ct.est || ct_mark.blocked == 1) && ip.dscp == 1 && tcp.dst == 80`, `drop;`)
	in(2, 1000, `((ct.new && !ct.est) || (!ct.new && ct.est && !ct.rpl && ct_mark.blocked == 1)) && `+acl, `reg0[1] = 1; next;`)
	in(2, 1000, `!ct.new && ct.est && !ct.rpl && ct_mark.blocked == 0 && `+acl, `next;`)
	in(2, 0, `1`, `drop;`)
	in(3, 100, `reg0[1] == 1`, `ct_commit { ct_mark.blocked = 0; }; next;`)
	in(3, 0, `1`, `next;`)
	n.through(4)
	n.add(lflow.Egress, 0, 100, `ip`, `ct_next;`)
	n.add(lflow.Egress, 1, 0, `1`, `eth.src[0..7] = ct_state[0..7]; next;`)
	n.add(lflow.Egress, 2, 20, `ct.est && ct.rpl && ct_mark.blocked == 1`, `drop;`)
	n.add(lflow.Egress, 2, 10, `ct.new`, `ct_commit; next;`)
	n.add(lflow.Egress, 2, 0, `1`, `next;`)
	n.add(lflow.Egress, 3, 0, `1`, `output;`)
	return n
}

// natNet is a router: sources in 10.0.0.0/24 leave at b as 1.1.1.1 (TCP port
// 5000 as port 2000 or 2001), and 2.2.2.2 port 80 is 10.0.0.5 port 8080.
func natNet() *testNet {
	n := &testNet{router: true}
	in := func(table, priority int, match, actions string) {
		n.add(lflow.Ingress, table, priority, match, actions)
	}
	in(0, 100, `inport == "b" && ip4.dst == 1.1.1.1`, `ct_snat;`)
	in(0, 0, `1`, `next;`)
	in(1, 0, `1`, seen)
	in(2, 100, `inport == "b" && ip4.dst == 2.2.2.2 && tcp.dst == 80`, `ct_dnat(10.0.0.5,8080);`)
	in(2, 100, `inport == "b" && ip4.dst == 2.2.2.2 && icmp4`, `ct_dnat;`)
	in(2, 0, `1`, `next;`)
	in(3, 0, `1`, seen)
	n.through(4)
	n.add(lflow.Egress, 0, 100, `outport == "b" && ip4.src == 10.0.0.5`, `ct_dnat;`)
	n.add(lflow.Egress, 0, 0, `1`, `next;`)
	n.add(lflow.Egress, 1, 110, `outport == "b" && ip4.src == 10.0.0.0/24 && tcp.src == 5000`, `ct_snat(1.1.1.1,2000-2001);`)
	n.add(lflow.Egress, 1, 100, `outport == "b" && ip4.src == 10.0.0.0/24`, `ct_snat(1.1.1.1);`)
	n.add(lflow.Egress, 1, 0, `1`, `next;`)
	n.add(lflow.Egress, 2, 0, `1`, `eth.src[0..7] = ct_state[0..7]; next;`)
	n.add(lflow.Egress, 3, 0, `1`, `output;`)
	return n
}

// lbNet balances TCP port 80 of 10.0.0.100 to port 8080 of 10.0.0.5, with the
// zone of port a.
func lbNet() *testNet {
	n := &testNet{}
	in := func(table, priority int, match, actions string) {
		n.add(lflow.Ingress, table, priority, match, actions)
	}
	in(0, 110, `ip4.dst == 10.0.0.100`, `ct_lb_mark;`)
	in(0, 0, `1`, `next;`)
	in(1, 0, `1`, seen)
	in(2, 100, `ct.new && ip4.dst == 10.0.0.100 && tcp.dst == 80`, `reg1 = 10.0.0.100; ct_lb_mark(backends=10.0.0.5:8080; force_snat);`)
	in(2, 0, `1`, `next;`)
	in(3, 0, `1`, seen)
	n.through(4)
	n.add(lflow.Egress, 0, 110, `outport == "a" && ip4.src == 10.0.0.5`, `ct_lb_mark;`)
	n.add(lflow.Egress, 0, 100, `ip`, `ct_next;`)
	n.add(lflow.Egress, 1, 0, `1`, `eth.src[0..7] = ct_state[0..7]; eth.src[8..15] = ct_mark[0..7]; next;`)
	n.add(lflow.Egress, 2, 0, `1`, `output;`)
	return n
}

// network returns the net for traces.
func (n *testNet) network() (*Network, *Datapath) {
	net, d := &Network{}, &Datapath{UUID: "dp", Name: "dp", Key: 1, Router: n.router}
	net.AddDatapath(d)
	for i, name := range testPorts {
		net.AddPort(d, &Port{Name: name, Key: uint32(i + 1)})
	}
	for _, f := range n.flows {
		d.AddFlow(f)
	}
	return net, d
}

// seenAt is a packet that came out: `PORT SRC>DST STATE MARK'.
func seenAt(port string, t tuple, src lflow.MAC) string {
	ends := func(a netip.Addr, port uint16) string {
		if _, _, ok := ports(t.proto); ok {
			return netip.AddrPortFrom(a, port).String()
		}
		return a.String()
	}
	s := fmt.Sprintf("%s %s>%s", port, ends(t.src, t.sport), ends(t.dst, t.dport))
	if src[5] != 0 {
		s += " " + CTState(src[5]).String()
	}
	if src[4] != 0 {
		s += fmt.Sprint(" mark=", src[4])
	}
	return s
}

// sequence is packets, each with what comes out of it.
type sequence struct {
	name    string
	net     *testNet
	packets []string // a packet, then lines that are indented
}

func sequences() []sequence {
	acl, nat, lb := aclNet(), natNet(), lbNet()
	return []sequence{
		{"tcp", acl, []string{
			"b tcp 10.0.0.2:80>10.0.0.1:5 SA", " probe 10.0.0.2:80>10.0.0.1:5 inv|trk",
			"b tcp 10.0.0.2:80>10.0.0.1:5 S", " probe 10.0.0.2:80>10.0.0.1:5 new|trk",
			"a tcp 10.0.0.1:5>10.0.0.2:80 S", " probe 10.0.0.1:5>10.0.0.2:80 new|trk", " b 10.0.0.1:5>10.0.0.2:80 new|trk",
			"a tcp 10.0.0.1:5>10.0.0.2:80 S", " probe 10.0.0.1:5>10.0.0.2:80 new|trk", " b 10.0.0.1:5>10.0.0.2:80 new|trk",
			"b tcp 10.0.0.2:80>10.0.0.1:5 SA", " probe 10.0.0.2:80>10.0.0.1:5 est|rpl|trk", " a 10.0.0.2:80>10.0.0.1:5 est|rpl|trk",
			"a tcp 10.0.0.1:5>10.0.0.2:80 A", " probe 10.0.0.1:5>10.0.0.2:80 est|trk", " b 10.0.0.1:5>10.0.0.2:80 est|trk",
			"a tcp 10.0.0.1:5>10.0.0.2:81 S", " probe 10.0.0.1:5>10.0.0.2:81 new|trk",
			"a tcp 10.0.0.1:6>10.0.0.2:80 SA", " probe 10.0.0.1:6>10.0.0.2:80 inv|trk",
			"a tcp 10.0.0.1:5>10.0.0.2:80 RA", " probe 10.0.0.1:5>10.0.0.2:80 est|trk", " b 10.0.0.1:5>10.0.0.2:80 est|trk",
			"a tcp 10.0.0.1:5>10.0.0.2:80 S", " probe 10.0.0.1:5>10.0.0.2:80 new|trk", " b 10.0.0.1:5>10.0.0.2:80 new|trk",
			"b tcp 10.0.0.2:80>10.0.0.1:5 SA", " probe 10.0.0.2:80>10.0.0.1:5 est|rpl|trk", " a 10.0.0.2:80>10.0.0.1:5 est|rpl|trk",
		}},
		{"udp and its errors", acl, []string{
			"b icmp4 10.0.0.2>10.0.0.1 3/3 quoting udp 10.0.0.1:5>10.0.0.2:53", " probe 10.0.0.2>10.0.0.1 inv|trk",
			"a udp 10.0.0.1:5>10.0.0.2:53", " probe 10.0.0.1:5>10.0.0.2:53 new|trk", " b 10.0.0.1:5>10.0.0.2:53 new|trk",
			"a udp 10.0.0.1:5>10.0.0.2:53", " probe 10.0.0.1:5>10.0.0.2:53 new|trk", " b 10.0.0.1:5>10.0.0.2:53 new|trk",
			"b icmp4 10.0.0.2>10.0.0.1 3/3 quoting udp 10.0.0.1:5>10.0.0.2:53", " probe 10.0.0.2>10.0.0.1 rel|rpl|trk", " a 10.0.0.2>10.0.0.1 rel|rpl|trk",
			"b icmp4 10.0.0.9>10.0.0.1 11/0 quoting udp 10.0.0.1:5>10.0.0.2:53", " probe 10.0.0.9>10.0.0.1 rel|rpl|trk", " a 10.0.0.9>10.0.0.1 rel|rpl|trk",
			"b icmp4 10.0.0.2>10.0.0.1 3/3 quoting udp 10.0.0.1:6>10.0.0.2:53", " probe 10.0.0.2>10.0.0.1 inv|trk",
			"b udp 10.0.0.2:53>10.0.0.1:5", " probe 10.0.0.2:53>10.0.0.1:5 est|rpl|trk", " a 10.0.0.2:53>10.0.0.1:5 est|rpl|trk",
			"a udp 10.0.0.1:5>10.0.0.2:53", " probe 10.0.0.1:5>10.0.0.2:53 est|trk", " b 10.0.0.1:5>10.0.0.2:53 est|trk",
			"b udp 10.0.0.2:53>10.0.0.1:6", " probe 10.0.0.2:53>10.0.0.1:6 new|trk",
		}},
		{"pings", acl, []string{
			"b icmp4 10.0.0.2>10.0.0.1 0/0", " probe 10.0.0.2>10.0.0.1 inv|trk",
			"a icmp4 10.0.0.1>10.0.0.2 8/0", " probe 10.0.0.1>10.0.0.2 new|trk", " b 10.0.0.1>10.0.0.2 new|trk",
			"b icmp4 10.0.0.2>10.0.0.1 0/0", " probe 10.0.0.2>10.0.0.1 est|rpl|trk", " a 10.0.0.2>10.0.0.1 est|rpl|trk",
			"a icmp4 10.0.0.1>10.0.0.2 8/0", " probe 10.0.0.1>10.0.0.2 est|trk", " b 10.0.0.1>10.0.0.2 est|trk",
			"a icmp6 fd00::1>fd00::2 128/0", " probe fd00::1>fd00::2 new|trk", " b fd00::1>fd00::2 new|trk",
			"b icmp6 fd00::2>fd00::1 129/0", " probe fd00::2>fd00::1 est|rpl|trk", " a fd00::2>fd00::1 est|rpl|trk",
			"b icmp6 fd00::2>fd00::1 128/0", " probe fd00::2>fd00::1 new|trk",
		}},
		{"an ACL that comes and goes", acl, []string{
			"a tcp [fd00::1]:5>[fd00::2]:80 S", " probe [fd00::1]:5>[fd00::2]:80 new|trk", " b [fd00::1]:5>[fd00::2]:80 new|trk",
			"b tcp [fd00::2]:80>[fd00::1]:5 SA", " probe [fd00::2]:80>[fd00::1]:5 est|rpl|trk", " a [fd00::2]:80>[fd00::1]:5 est|rpl|trk",
			"a tcp [fd00::1]:5>[fd00::2]:80 A dscp", " probe [fd00::1]:5>[fd00::2]:80 est|trk",
			"b tcp [fd00::2]:80>[fd00::1]:5 A", " probe [fd00::2]:80>[fd00::1]:5 est|rpl|trk",
			"a tcp [fd00::1]:5>[fd00::2]:80 A dscp", " probe [fd00::1]:5>[fd00::2]:80 est|trk mark=1",
			"a tcp [fd00::1]:5>[fd00::2]:80 A", " probe [fd00::1]:5>[fd00::2]:80 est|trk mark=1", " b [fd00::1]:5>[fd00::2]:80 est|trk",
			"b tcp [fd00::2]:80>[fd00::1]:5 A", " probe [fd00::2]:80>[fd00::1]:5 est|rpl|trk", " a [fd00::2]:80>[fd00::1]:5 est|rpl|trk",
		}},
		{"snat", nat, []string{
			"b udp 3.3.3.3:53>1.1.1.1:5", " probe 3.3.3.3:53>1.1.1.1:5 new|trk", " probe 3.3.3.3:53>1.1.1.1:5 new|trk", " a 3.3.3.3:53>1.1.1.1:5 new|trk",
			"a udp 10.0.0.1:5>3.3.3.3:53", " probe 10.0.0.1:5>3.3.3.3:53", " probe 10.0.0.1:5>3.3.3.3:53", " b 1.1.1.1:5>3.3.3.3:53 new|trk|snat",
			"b udp 3.3.3.3:53>1.1.1.1:5", " probe 3.3.3.3:53>10.0.0.1:5 est|rpl|trk|dnat", " probe 3.3.3.3:53>10.0.0.1:5 est|rpl|trk|dnat", " a 3.3.3.3:53>10.0.0.1:5 est|rpl|trk|dnat",
			"a udp 10.0.0.1:5>3.3.3.3:53", " probe 10.0.0.1:5>3.3.3.3:53", " probe 10.0.0.1:5>3.3.3.3:53", " b 1.1.1.1:5>3.3.3.3:53 est|trk|snat",
			"b icmp4 9.9.9.9>1.1.1.1 11/0 quoting udp 1.1.1.1:5>3.3.3.3:53", " probe 9.9.9.9>10.0.0.1 rel|rpl|trk|dnat", " probe 9.9.9.9>10.0.0.1 rel|rpl|trk|dnat", " a 9.9.9.9>10.0.0.1 rel|rpl|trk|dnat",
		}},
		{"snat to a range of ports", nat, []string{
			"a tcp 10.0.0.1:5000>3.3.3.3:80 S", " probe 10.0.0.1:5000>3.3.3.3:80", " probe 10.0.0.1:5000>3.3.3.3:80", " b 1.1.1.1:200x>3.3.3.3:80 new|trk|snat",
			"a tcp 10.0.0.2:5000>3.3.3.3:80 S", " probe 10.0.0.2:5000>3.3.3.3:80", " probe 10.0.0.2:5000>3.3.3.3:80", " b 1.1.1.1:200x>3.3.3.3:80 new|trk|snat",
			"a tcp 10.0.0.3:5000>3.3.3.4:80 S", " probe 10.0.0.3:5000>3.3.3.4:80", " probe 10.0.0.3:5000>3.3.3.4:80", " b 1.1.1.1:200x>3.3.3.4:80 new|trk|snat",
		}},
		{"dnat", nat, []string{
			"b tcp 3.3.3.3:5>2.2.2.2:80 S", " probe 3.3.3.3:5>2.2.2.2:80", " probe 3.3.3.3:5>10.0.0.5:8080 new|trk|dnat", " a 3.3.3.3:5>10.0.0.5:8080 new|trk|dnat",
			"a tcp 10.0.0.5:8080>3.3.3.3:5 SA", " probe 10.0.0.5:8080>3.3.3.3:5", " probe 10.0.0.5:8080>3.3.3.3:5", " b 2.2.2.2:80>3.3.3.3:5 est|rpl|trk|snat",
			"b tcp 3.3.3.3:5>2.2.2.2:80 A", " probe 3.3.3.3:5>2.2.2.2:80", " probe 3.3.3.3:5>10.0.0.5:8080 est|trk|dnat", " a 3.3.3.3:5>10.0.0.5:8080 est|trk|dnat",
			"b icmp4 3.3.3.3>2.2.2.2 3/3 quoting tcp 2.2.2.2:80>3.3.3.3:5 A", " probe 3.3.3.3>2.2.2.2", " probe 3.3.3.3>10.0.0.5 rel|trk|dnat", " a 3.3.3.3>10.0.0.5 rel|trk|dnat",
		}},
		{"load balancing", lb, []string{
			"a tcp 10.0.0.1:5>10.0.0.100:80 S", " probe 10.0.0.1:5>10.0.0.100:80 new|trk", " probe 10.0.0.1:5>10.0.0.5:8080 new|trk|dnat mark=10", " b 10.0.0.1:5>10.0.0.5:8080 new|trk",
			"b tcp 10.0.0.5:8080>10.0.0.1:5 SA", " probe 10.0.0.5:8080>10.0.0.1:5", " probe 10.0.0.5:8080>10.0.0.1:5", " a 10.0.0.100:80>10.0.0.1:5 est|rpl|trk|snat mark=10",
			"a tcp 10.0.0.1:5>10.0.0.100:80 A", " probe 10.0.0.1:5>10.0.0.5:8080 est|trk|dnat mark=10", " probe 10.0.0.1:5>10.0.0.5:8080 est|trk|dnat mark=10", " b 10.0.0.1:5>10.0.0.5:8080 new|trk",
		}},
	}
}

// steps returns the packets of a sequence, each with what is to come out.
func (s sequence) steps() (packets []string, want [][]string) {
	for _, line := range s.packets {
		if out, ok := strings.CutPrefix(line, " "); ok {
			want[len(want)-1] = append(want[len(want)-1], out)
		} else {
			packets, want = append(packets, line), append(want, nil)
		}
	}
	return packets, want
}

// matches tells whether what came out is what should; x stands for any digit.
func matches(got, want []string) bool {
	return slices.EqualFunc(got, want, func(g, w string) bool {
		if len(g) != len(w) {
			return false
		}
		for i := range w {
			if g[i] != w[i] && (w[i] != 'x' || g[i] < '0' || g[i] > '9') {
				return false
			}
		}
		return true
	})
}

// sortOut puts probes before the rest, each in the order they came.
func sortOut(out []string) {
	rank := func(s string) int {
		if strings.HasPrefix(s, "probe ") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
}

// TestSequences: packets that share a Conntrack come out as they should.
func TestSequences(t *testing.T) {
	for _, s := range sequences() {
		net, _ := s.net.network()
		var ct Conntrack
		packets, want := s.steps()
		for i, text := range packets {
			got := traceOut(t, net, text, &ct)
			if !matches(got, want[i]) {
				t.Errorf("%s: packet %d, %s\ngot:\n %s\nwant:\n %s\nconnections: %v", s.name, i, text, strings.Join(got, "\n "), strings.Join(want[i], "\n "), ct.Connections())
			}
		}
	}
}

// TestLikeLinux: what Linux and Open vSwitch's own datapath do not agree about.
func TestLikeLinux(t *testing.T) {
	net, _ := aclNet().network()
	var ct Conntrack
	for _, c := range [][2]string{
		{"a tcp 10.0.0.1:7>10.0.0.2:80 R", "inv|trk"}, {"a tcp 10.0.0.1:7>10.0.0.2:80 FA", "inv|trk"},
		{"a tcp 10.0.0.1:7>10.0.0.2:80 A", "new|trk"}, {"a tcp 10.0.0.1:7>10.0.0.2:80 A", "new|trk"},
		{"a tcp 10.0.0.1:8>10.0.0.2:80 S", "new|trk"}, {"a tcp 10.0.0.1:8>10.0.0.2:80 A", "inv|trk"},
		{"b tcp 10.0.0.2:80>10.0.0.1:8 SA", "est|rpl|trk"}, {"a tcp 10.0.0.1:8>10.0.0.2:80 FA", "est|trk"},
		{"b tcp 10.0.0.2:80>10.0.0.1:8 FA", "est|rpl|trk"}, {"a tcp 10.0.0.1:8>10.0.0.2:80 A", "est|trk"},
		{"a tcp 10.0.0.1:8>10.0.0.2:80 S", "new|trk"}, {"a udp 10.0.0.1:8>10.0.0.2:53", "new|trk"},
		{"a udp 10.0.0.1:8>10.0.0.2:53", "new|trk"}, {"a udp 10.0.0.1:8>10.0.0.2:53", "new|trk"},
	} {
		if got := traceOut(t, net, c[0], &ct); len(got) == 0 || !strings.HasSuffix(got[0], " "+c[1]) {
			t.Errorf("%s: %q, want %s", c[0], got, c[1])
		}
	}
}

// TestExhausted: a connection that no port is left for is not made. (Linux
// drops the packet, Open vSwitch's own datapath lets it go on as invalid.)
func TestExhausted(t *testing.T) {
	net, _ := natNet().network()
	var ct Conntrack
	for i, want := range []int{3, 3, 2} {
		if got := traceOut(t, net, fmt.Sprintf("a tcp 10.0.0.%d:5000>3.3.3.3:80 S", i+1), &ct); len(got) != want {
			t.Errorf("packet %d: %q", i, got)
		}
	}
	if n := len(ct.Connections()); n != 2 {
		t.Errorf("%d connections", n)
	}
	ct.FlushZone("dp_dnat")
	if n := len(ct.Connections()); n != 2 {
		t.Errorf("%d connections when another zone was flushed", n)
	}
	ct.Flush(func(c Connection) bool { return c.OriginalSource == netip.MustParseAddr("10.0.0.1") })
	if got := traceOut(t, net, "a tcp 10.0.0.3:5000>3.3.3.3:80 S", &ct); len(got) != 3 {
		t.Errorf("when a port was free again: %q", got)
	}
}

// traceOut returns what comes out of a packet.
func traceOut(t *testing.T, net *Network, text string, ct *Conntrack) []string {
	t.Helper()
	k := parsePacket(text)
	p, err := net.Microflow(k.microflow())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	o := Options{Conntrack: ct}
	if k.quoted != nil {
		if o.Quoted, err = net.Microflow(k.quoted.microflow()); err != nil {
			t.Fatal(err)
		}
	}
	root, err := net.Trace(nil, p, o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(s *Step)
	walk = func(s *Step) {
		if s.Packet != nil {
			out = append(out, seenAt(s.Port.Name, s.Packet.tuple(), s.Packet.mac(lflow.EthSrc)))
		}
		for _, sub := range s.Steps {
			walk(sub)
		}
	}
	walk(root)
	sortOut(out)
	return out
}
