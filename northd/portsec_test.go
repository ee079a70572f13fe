package northd_test

import (
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/portsec/portsectest"
	"github.com/weft-sdn/weft/lflow/trace"
)

// secured is a switch with a port "p", which column port_security is about, and
// a port "q", to which whatever is unknown goes.
func secured(t northdtest.Fatal, security []string) *northdtest.Network {
	n := northdtest.New(northd.Options{})
	n.PutSwitch(n.Switch("sw"))
	p, q := n.Port("p"), n.Port("q")
	p.Addresses, q.Addresses = []string{"unknown"}, []string{"unknown"}
	slices.Sort(security)
	p.PortSecurity = slices.Compact(security)
	n.AddPort("sw", p)
	n.AddPort("sw", q)
	n.Apply(t)
	return n
}

// traced returns the switch for the evaluator.
func traced(n *northdtest.Network, security []string) (*trace.Network, *trace.Datapath) {
	net, d := &trace.Network{}, &trace.Datapath{Name: "sw", Key: 1}
	net.AddDatapath(d)
	ports := []*trace.Port{{Name: "p", Key: 1, Security: security}, {Name: "q", Key: 2}}
	for _, p := range ports {
		net.AddPort(d, p)
	}
	d.AddGroup(&trace.Group{Name: "_MC_flood", Key: 32768, Ports: slices.Clone(ports)})
	d.AddGroup(&trace.Group{Name: "_MC_unknown", Key: 32769, Ports: slices.Clone(ports)})
	d.AddGroup(&trace.Group{Name: "_MC_flood_l2", Key: 32770, Ports: slices.Clone(ports)})
	for _, chunk := range n.Units {
		for _, f := range (northd.Unit{Chunk: []byte(chunk)}).Flows() {
			p := lflow.Ingress
			if f.Pipeline != 0 {
				p = lflow.Egress
			}
			d.AddFlow(&trace.Flow{Pipeline: p, Table: int(f.Table), Priority: int(f.Priority), Match: f.Match, Actions: f.Actions, Stage: f.Stage})
		}
	}
	return net, d
}

// reaches tells which ports a packet is delivered to.
func reaches(t testing.TB, net *trace.Network, d *trace.Datapath, microflow string) string {
	t.Helper()
	p, err := net.Microflow(microflow)
	if err != nil {
		t.Fatalf("%s: %v", microflow, err)
	}
	s, err := net.Trace(d, p, trace.Options{})
	if err != nil {
		t.Fatalf("%s: %v", microflow, err)
	}
	var names []string
	for _, p := range s.Delivered() {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestPortSecurityStock: what passes is what stock ovn-trace lets pass in what
// stock ovn-northd made of the same rows.
func TestPortSecurityStock(t *testing.T) {
	for _, tool := range []string{"ovsdb-tool", "ovsdb-server", "ovsdb-client", "ovn-northd", "ovn-nbctl", "ovn-trace"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("stock OVN is not installed: %v", err)
		}
	}
	s := &stock{t: t, dir: t.TempDir()}
	theirs, nbSocket := s.serve("sb", "sb"), s.serve("nb", "nb")
	s.start("ovn-northd", "--ovnnb-db="+nbSocket, "--ovnsb-db="+theirs, "--pidfile="+s.path("northd.pid"), "--unixctl="+s.path("northd.ctl"))
	s.run("ovn-nbctl", "--db="+nbSocket, "ls-add", "sw", "--", "lsp-add", "sw", "p", "--", "lsp-set-addresses", "p", "unknown",
		"--", "lsp-add", "sw", "q", "--", "lsp-set-addresses", "q", "unknown")
	passed := map[bool]int{}
	for seed := range uint64(12) {
		w := portsectest.Words{Rand: rand.New(rand.NewPCG(seed, 1)), Hosts: true}
		security := w.Column()
		ours, sw := traced(secured(t, security), security)
		s.run("ovn-nbctl", append([]string{"--db=" + nbSocket, "--wait=sb", "lsp-set-port-security", "p"}, security...)...)
		for range 20 {
			packet := w.Packet()
			got := reaches(t, ours, sw, packet)
			text := s.trace(theirs, "sw|"+packet)
			var names []string
			for _, name := range []string{"p", "q"} {
				if strings.Contains(text, fmt.Sprintf("output(%q)", name)) {
					names = append(names, name)
				}
			}
			if want := strings.Join(names, " "); got != want && !ovnTraceErrs(security, packet) {
				t.Errorf("seed %d, %q, %s: reaches %q, by ovn-trace %q", seed, security, packet, got, want)
			}
			passed[got != ""]++
		}
	}
	t.Log(passed)
	if passed[true] < 20 || passed[false] < 20 {
		t.Errorf("the packets test little: %v", passed)
	}
}

// ovnTraceErrs tells whether ovn-trace 23.03 judges a packet otherwise than
// ovn-nb(5) and the flows of ovn-controller do: it does not know the host
// without an IPv6 address, nor that one with IPv6 addresses hears groups and
// one with no others has no ARP, nor that an advertisement must not name
// another's Ethernet address. It does not know networks either.
func ovnTraceErrs(security []string, packet string) bool {
	if strings.Contains(packet, "ip6.src == ::") || strings.Contains(packet, "ip6.dst == ff0") && strings.HasPrefix(packet, `inport == "q"`) {
		return true
	}
	_, rest, _ := strings.Cut(packet, "eth.src == ")
	for _, s := range security {
		if mac := s[:17]; strings.HasPrefix(rest, mac) {
			return strings.Contains(packet, "arp.op") && !strings.Contains(s, ".") ||
				strings.Contains(packet, "nd.tll") && !strings.Contains(packet, "nd.tll == "+mac)
		}
	}
	return false
}

// TestVRRP: a host may speak for a virtual router as well as for itself.
func TestVRRP(t *testing.T) {
	security := []string{"VRRPv3 00:00:5e:00:01:00/ff:ff:ff:ff:ff:00 40:44:00:00:00:01 10.0.0.1 10.0.0.100"}
	ours, sw := traced(secured(t, security), security)
	for _, c := range []struct {
		packet string
		passes bool
	}{
		{`inport == "p" && eth.src == 00:00:5e:00:01:07 && eth.dst == 01:00:5e:00:00:12 && ip4.src == 10.0.0.1 && ip4.dst == 224.0.0.18 && ip.proto == 112`, true},
		{`inport == "p" && eth.src == 40:44:00:00:00:01 && eth.dst == 40:44:00:00:00:0f && ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.9`, true},
		{`inport == "p" && eth.src == 00:00:5e:00:02:07 && eth.dst == 40:44:00:00:00:0f && ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.9`, false},
		{`inport == "p" && eth.src == 00:00:5e:00:01:07 && eth.dst == 40:44:00:00:00:0f && ip4.src == 10.0.0.2 && ip4.dst == 10.0.0.9`, false},
		{`inport == "p" && eth.src == 00:00:5e:00:01:07 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 2 && arp.sha == 00:00:5e:00:01:07 && arp.spa == 10.0.0.100`, true},
		{`inport == "p" && eth.src == 40:44:00:00:00:01 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 2 && arp.sha == 00:00:5e:00:01:07 && arp.spa == 10.0.0.100`, true},
		{`inport == "p" && eth.src == 40:44:00:00:00:01 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 2 && arp.sha == 00:00:5e:00:03:07 && arp.spa == 10.0.0.100`, false},
		{`inport == "p" && eth.src == 40:44:00:00:00:01 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 2 && arp.sha == 00:00:5e:00:01:07 && arp.spa == 10.0.0.101`, false},
		{`inport == "q" && eth.src == 40:44:00:00:00:0f && eth.dst == 00:00:5e:00:01:07 && ip4.src == 10.0.0.9 && ip4.dst == 10.0.0.100`, true},
		{`inport == "q" && eth.src == 40:44:00:00:00:0f && eth.dst == 00:00:5e:00:01:07 && ip4.src == 10.0.0.9 && ip4.dst == 10.0.0.101`, false},
		{`inport == "q" && eth.src == 40:44:00:00:00:0f && eth.dst == 00:00:5e:00:02:07 && ip4.src == 10.0.0.9 && ip4.dst == 10.0.0.100`, false},
	} {
		if got := reaches(t, ours, sw, c.packet) != ""; got != c.passes {
			t.Errorf("%s: passes %v", c.packet, got)
		}
	}
}
