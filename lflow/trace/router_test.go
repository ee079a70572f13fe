package trace

import (
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// arrival is a port and what must be true of the packet that comes there.
type arrival struct{ port, match string }

const (
	fromA1  = `inport == "a1" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:01`
	a1ip4   = fromA1 + ` && ip4.src == 10.0.1.1`
	a1ip6   = fromA1 + ` && ip6.src == fd00:1::1`
	ping4   = ` && icmp4.type == 8 && icmp4.code == 0`
	ping6   = ` && icmp6.type == 128 && icmp6.code == 0`
	backTo1 = `eth.src == 40:44:00:00:ff:01 && eth.dst == 40:44:00:00:01:01 && `
	viaB    = `eth.src == 40:44:00:00:ff:02 && `
	broad   = `inport == "a1" && eth.src == 40:44:00:00:01:01 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.sha == 40:44:00:00:01:01`
)

// TestRouters: what packets come out where, of those that go into a network
// with routers.
func TestRouters(t *testing.T) {
	n := newRoutedNet(t)
	for _, c := range []struct {
		name, packet string
		want         []arrival
	}{
		{"over one router", a1ip4 + ` && ip4.dst == 10.0.2.2 && ip.ttl == 64` + ping4,
			[]arrival{{"b2", viaB + `eth.dst == 40:44:00:00:02:02 && ip.ttl == 63 && ip4.src == 10.0.1.1 && icmp4.type == 8`}}},
		{"over one router, IPv6", a1ip6 + ` && ip6.dst == fd00:2::2 && ip.ttl == 64` + ping6,
			[]arrival{{"b2", viaB + `eth.dst == 40:44:00:00:02:02 && ip.ttl == 63 && ip6.src == fd00:1::1 && icmp6.type == 128`}}},
		{"over two", a1ip4 + ` && ip4.dst == 10.0.4.1 && ip.ttl == 3 && udp`,
			[]arrival{{"o1", `eth.src == 40:44:00:00:ff:04 && eth.dst == 40:44:00:00:04:01 && ip.ttl == 1 && udp`}}},
		{"over two, IPv6", a1ip6 + ` && ip6.dst == fd00:4::1 && ip.ttl == 3 && udp`,
			[]arrival{{"o1", `eth.src == 40:44:00:00:ff:04 && eth.dst == 40:44:00:00:04:01 && ip.ttl == 1 && udp`}}},
		{"back to where it came from", `inport == "b1" && eth.src == 40:44:00:00:02:01 && eth.dst == 40:44:00:00:ff:02 && ip4.src == 10.0.2.1 && ip4.dst == 10.0.2.2 && ip.ttl == 5 && udp`,
			[]arrival{{"b2", viaB + `eth.dst == 40:44:00:00:02:02 && ip.ttl == 4`}}},

		{"ping of the near port", a1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 1` + ping4,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.1.254 && ip4.dst == 10.0.1.1 && ip.ttl == 254 && icmp4.type == 0`}}},
		{"ping of the far port", a1ip4 + ` && ip4.dst == 10.0.2.254 && ip.ttl == 64` + ping4,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.2.254 && ip.ttl == 254 && icmp4.type == 0`}}},
		{"ping of the other router", a1ip6 + ` && ip6.dst == fd00:4::ff && ip.ttl == 64` + ping6,
			[]arrival{{"a1", backTo1 + `ip6.src == fd00:4::ff && ip.ttl == 253 && icmp6.type == 129`}}},

		{"TTL ends at the first router", a1ip4 + ` && ip4.dst == 10.0.4.1 && ip.ttl == 1 && udp`,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.1.254 && ip4.dst == 10.0.1.1 && ip.ttl == 254 && icmp4.type == 11 && icmp4.code == 0`}}},
		{"TTL ends there, a sender of none of the port's networks", fromA1 + ` && ip4.src == 10.0.9.1 && ip4.dst == 10.0.4.1 && ip.ttl == 1 && udp`,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.3.254 && ip4.dst == 10.0.9.1 && icmp4.type == 11`}}},
		{"TTL ends at the second", a1ip4 + ` && ip4.dst == 10.0.4.1 && ip.ttl == 2 && udp`,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.2.253 && ip.ttl == 253 && icmp4.type == 11`}}},
		{"TTL ends at the second, IPv6", a1ip6 + ` && ip6.dst == fd00:4::1 && ip.ttl == 2 && udp`,
			[]arrival{{"a1", backTo1 + `ip6.src == fd00:2::fe && ip.ttl == 253 && icmp6.type == 3`}}},
		{"TTL ends, of a fragment", a1ip4 + ` && ip4.dst == 10.0.4.1 && ip.ttl == 1 && ip.frag == 3`, nil},

		{"no port", a1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && udp.dst == 33434`,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.1.254 && ip.ttl == 254 && icmp4.type == 3 && icmp4.code == 3`}}},
		{"no port, IPv6, far side", a1ip6 + ` && ip6.dst == fd00:2::ff && ip.ttl == 64 && udp`,
			[]arrival{{"a1", backTo1 + `ip6.src == fd00:2::ff && icmp6.type == 1 && icmp6.code == 4`}}},
		{"no protocol", a1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && ip.proto == 89`,
			[]arrival{{"a1", backTo1 + `icmp4.type == 3 && icmp4.code == 2`}}},
		{"no TCP", a1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && tcp.dst == 80`,
			[]arrival{{"a1", backTo1 + `ip4.src == 10.0.1.254 && tcp.flags[2] == 1`}}},
		{"later fragments to the router", a1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && ip.frag == 3`, nil},

		{"ARP for the router", broad + ` && arp.spa == 10.0.1.1 && arp.tpa == 10.0.1.254`,
			[]arrival{{"a1", backTo1 + `arp.op == 2 && arp.spa == 10.0.1.254 && arp.sha == 40:44:00:00:ff:01 && arp.tpa == 10.0.1.1 && arp.tha == 40:44:00:00:01:01`}}},
		{"ARP for its address elsewhere", broad + ` && arp.spa == 10.0.1.1 && arp.tpa == 10.0.2.254`, nil},
		{"somebody has its address", broad + ` && arp.spa == 10.0.1.254 && arp.tpa == 10.0.1.254`, nil},
		{"solicitation for the router", `inport == "a1" && eth.src == 40:44:00:00:01:01 && eth.dst == 33:33:ff:00:00:ff && nd_ns && ip6.src == fd00:1::1 && ip6.dst == ff02::1:ff00:ff && nd.target == fd00:1::ff && nd.sll == 40:44:00:00:01:01`,
			[]arrival{{"a1", backTo1 + `nd_na && ip6.src == fd00:1::ff && ip6.dst == fd00:1::1 && nd.target == fd00:1::ff && nd.tll == 40:44:00:00:ff:01`}}},
		{"solicitation for its link-local address", fromA1 + ` && nd_ns && ip6.src == fe80::1 && ip6.dst == fe80::4244:ff:fe00:ff01 && nd.target == fe80::4244:ff:fe00:ff01`,
			[]arrival{{"a1", backTo1 + `nd_na && ip6.src == fe80::4244:ff:fe00:ff01`}}},

		{"no route", `inport == "o1" && eth.src == 40:44:00:00:04:01 && eth.dst == 40:44:00:00:ff:04 && ip4.src == 10.0.4.1 && ip4.dst == 8.8.8.8 && ip.ttl == 64`, nil},
		{"discarded", a1ip4 + ` && ip4.dst == 10.8.1.1 && ip.ttl == 64 && udp`, nil},
		{"from the router's own address", fromA1 + ` && ip4.src == 10.0.1.254 && ip4.dst == 10.0.2.1 && ip.ttl == 64`, nil},
		{"from a group", fromA1 + ` && ip4.src == 224.0.0.5 && ip4.dst == 10.0.2.1 && ip.ttl == 64`, nil},
		{"to a group", `inport == "a1" && eth.src == 40:44:00:00:01:01 && eth.dst == 01:00:5e:01:01:01 && ip4.src == 10.0.1.1 && ip4.dst == 224.1.1.1 && ip.ttl == 64`, nil},
		{"not for the router's MAC", `inport == "r-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:02 && ip4.src == 10.0.1.1 && ip4.dst == 10.0.2.1 && ip.ttl == 64`, nil},
		{"with a tag", `inport == "r-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:01 && vlan.present && ip4.src == 10.0.1.1 && ip4.dst == 10.0.2.1 && ip.ttl == 64`, nil},
	} {
		checkArrivals(t, n, c.name, c.packet, Options{}, c.want)
	}
}

// TestRoutersLearn: what a router does not know it asks, keeps the packet,
// learns the answer, and sends the next one.
func TestRoutersLearn(t *testing.T) {
	n := newRoutedNet(t)
	const (
		there4 = a1ip4 + ` && ip4.dst == 192.0.2.9 && ip.ttl == 64 && udp`
		there6 = a1ip6 + ` && ip6.dst == 2001:db8::9 && ip.ttl == 64 && udp`
		mine   = `inport == "bu" && eth.src == 40:44:00:00:02:77 && `
	)
	asked4 := func(port string) arrival {
		return arrival{port, viaB + `eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == 10.0.2.254 && arp.sha == 40:44:00:00:ff:02 && arp.tpa == 10.0.2.77`}
	}
	asked6 := func(port string) arrival {
		return arrival{port, viaB + `eth.dst == 33:33:ff:00:00:77 && nd_ns && ip6.src == fe80::4244:ff:fe00:ff02 && ip6.dst == ff02::1:ff00:77 && nd.target == fd00:2::77 && nd.sll == 40:44:00:00:ff:02`}
	}
	l := &Learned{}
	for _, c := range []struct {
		name, packet string
		want         []arrival
	}{
		{"unknown", there4, []arrival{asked4("b1"), asked4("b2"), asked4("bu")}},
		{"somebody else answers nobody", mine + `eth.dst == 40:44:00:00:ff:03 && arp.op == 2 && arp.spa == 10.0.2.77 && arp.sha == 40:44:00:00:02:77 && arp.tpa == 10.0.2.253`, nil},
		{"still unknown", there4, []arrival{asked4("b1"), asked4("b2"), asked4("bu")}},
		{"the answer", mine + `eth.dst == 40:44:00:00:ff:02 && arp.op == 2 && arp.spa == 10.0.2.77 && arp.sha == 40:44:00:00:02:77 && arp.tpa == 10.0.2.254`, nil},
		{"known", there4, []arrival{{"bu", viaB + `eth.dst == 40:44:00:00:02:77 && ip.ttl == 63`}}},

		{"unknown, IPv6", there6, []arrival{asked6("b1"), asked6("b2"), asked6("bu")}},
		{"the answer without an address in it", mine + `eth.dst == 40:44:00:00:ff:02 && nd_na && ip6.src == fd00:2::77 && ip6.dst == fe80::4244:ff:fe00:ff02 && nd.target == fd00:2::77`, nil},
		{"known, IPv6", there6, []arrival{{"bu", viaB + `eth.dst == 40:44:00:00:02:77 && ip.ttl == 63`}}},

		{"who asks is known too", `inport == "bu" && eth.src == 40:44:00:00:02:78 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == 10.0.2.78 && arp.sha == 40:44:00:00:02:78 && arp.tpa == 10.0.2.254`,
			[]arrival{{"bu", viaB + `arp.op == 2`}}},
		{"and found", a1ip4 + ` && ip4.dst == 10.0.2.78 && ip.ttl == 64 && udp`, []arrival{{"bu", viaB + `eth.dst == 40:44:00:00:02:78`}}},
		{"but not one of another network", `inport == "bu" && eth.src == 40:44:00:00:02:79 && eth.dst == 40:44:00:00:ff:02 && arp.op == 1 && arp.spa == 10.9.9.9 && arp.sha == 40:44:00:00:02:79 && arp.tpa == 10.0.2.99`, nil},
	} {
		checkArrivals(t, n, c.name, c.packet, Options{Learned: l}, c.want)
	}
	if len(l.macs) != 4 {
		t.Errorf("%d addresses learned: %v", len(l.macs), l.macs)
	}
	// Without a memory the packet is seen to go on behind its question.
	checkArrivals(t, n, "alone", there4, Options{}, []arrival{asked4("b1"), asked4("b2"), asked4("bu"), {"bu", `eth.dst == 00:00:00:00:00:00 && udp`}})
}

// TestNetworkID: the packet knows in which of the outport's networks its next
// hop is.
func TestNetworkID(t *testing.T) {
	n := newRoutedNet(t)
	for dst, want := range map[string]string{"10.0.3.7": "0", "10.0.1.1": "0x1"} {
		p, err := n.Microflow(`inport == "r-b" && eth.src == 40:44:00:00:02:01 && eth.dst == 40:44:00:00:ff:02 && ip4.src == 10.0.2.1 && ip.ttl == 9 && ip4.dst == ` + dst)
		if err != nil {
			t.Fatal(err)
		}
		root, err := n.Trace(nil, p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if text := Summary(root); !strings.Contains(text, "flags.network_id = "+strings.TrimPrefix(want, "0x")+";") {
			t.Errorf("to %s:\n%s", dst, text)
		}
	}
}

// TestRouterFlowsLower: the agent has OpenFlow for all of these flows.
func TestRouterFlowsLower(t *testing.T) {
	n := newRoutedNet(t)
	l := lower.New()
	count := 0
	for _, d := range n.datapaths {
		env := &lower.Env{
			Scope:  lower.Datapath(d.Key),
			Router: d.Router,
			Port: func(name string) (lower.Port, bool) {
				if name == noPort {
					return lower.Port{}, true
				}
				if g := d.groups[name]; g != nil {
					return lower.Port{Key: g.Key}, true
				}
				p := n.Port(name)
				if p == nil || p.Datapath != d {
					return lower.Port{}, false
				}
				return lower.Port{Key: p.Key}, true
			},
			Group:        func(string, ofp.GroupBody) uint32 { return 1 },
			Conjunctions: func(int) uint32 { return 1 },
		}
		for _, table := range d.tables {
			for _, f := range table.flows {
				lowered, err := l.Flow(nil, &lower.Logical{Pipeline: f.Pipeline, Table: uint8(f.Table), Priority: uint16(f.Priority), Match: f.Match, Actions: f.Actions}, 1, env)
				if err != nil || len(lowered) == 0 {
					t.Errorf("%s: %s: %s: %d flows, %v", d.Name, f.Match, f.Actions, len(lowered), err)
				}
				count++
			}
		}
	}
	if count < 300 {
		t.Errorf("only %d flows", count)
	}
}

func checkArrivals(t *testing.T, n *routedNet, name, packet string, o Options, want []arrival) {
	t.Helper()
	o.Warn = func(err error) { t.Error(err) }
	p, err := n.Microflow(packet)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	root, err := n.Trace(nil, p, o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := arrived(root)
	ok := slices.EqualFunc(got, want, func(s *Step, a arrival) bool {
		match, err := lflow.ParseMatch(a.match, nil)
		if err != nil {
			t.Fatalf("%s: %v", a.match, err)
		}
		return s.Port.Name == a.port && lflow.Evaluate(match, s.Packet)
	})
	if ok {
		return
	}
	t.Errorf("%s: %s\n%s", name, packet, Detailed(root))
	for _, s := range got {
		t.Errorf("at %s: %s", s.Port.Name, s.Packet.OpenFlow())
	}
	t.Errorf("want %v", want)
}

// arrived are the steps in which packets came to ports.
func arrived(s *Step) []*Step {
	var all []*Step
	if s.Kind == Change && s.Port != nil {
		all = append(all, s)
	}
	for _, sub := range s.Steps {
		all = append(all, arrived(sub)...)
	}
	return all
}
