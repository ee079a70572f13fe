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
	"github.com/weft-sdn/weft/lflow/trace"
	"github.com/weft-sdn/weft/northd/pipeline"
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

// traced returns the switch for the evaluator. With ovn given, the port has
// that column port_security and the switch asks for it as OVN's does.
func traced(n *northdtest.Network, t northdtest.Fatal, ovn []string) (*trace.Network, *trace.Datapath) {
	net, d := &trace.Network{}, &trace.Datapath{Name: "sw", Key: 1}
	net.AddDatapath(d)
	ports := []*trace.Port{{Name: "p", Key: 1, Security: ovn}, {Name: "q", Key: 2}}
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
	if ovn != nil {
		for stage, actions := range map[string]string{
			pipeline.LSInCheckPortSec:  "reg0[15] = check_in_port_sec(); next;",
			pipeline.LSOutCheckPortSec: "reg0[15] = check_out_port_sec(); next;",
		} {
			at, ok := pipeline.Find(stage)
			if !ok {
				t.Fatalf("no stage %s", stage)
			}
			d.AddFlow(&trace.Flow{Pipeline: at.ParsePlace().Pipeline, Table: at.Table, Priority: 50, Match: "1", Actions: actions, Stage: stage})
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

// secWords makes elements of port_security, and packets that are about what is
// in them or near it.
type secWords struct {
	*rand.Rand
	hosts bool // no networks
}

func (w secWords) one(of ...string) string { return of[w.IntN(len(of))] }

func (w secWords) mac() string {
	return w.one("40:44:00:00:00:01", "40:44:00:00:00:01", "40:44:00:00:00:02", "40:44:00:00:00:03")
}

func (w secWords) ip4() string {
	return w.one("10.0.0.1", "10.0.0.2", "10.1.0.7", "10.1.0.8", "10.1.0.255", "10.2.0.1", "10.2.0.255", "10.3.0.1", "0.0.0.0")
}

func (w secWords) ip6() string {
	return w.one("fd00::1", "fd00::2", "fd01::7", "fd01::8", "fd02::1", "fd03::1", "fe80::4244:ff:fe00:1", "fe80::4244:ff:fe00:2", "fe80::1")
}

func (w secWords) security() []string {
	var all []string
	for _, s := range []string{"40:44:00:00:00:01", "40:44:00:00:00:02"}[:1+w.IntN(2)] {
		all = append(all, s+w.v4()+w.v6())
	}
	if w.IntN(3) == 0 {
		all = append(all, all[0][:17]+w.v4())
	}
	return all
}

func (w secWords) v4() (s string) {
	for range w.IntN(3) {
		if w.hosts {
			s += " " + w.one("10.0.0.1", "10.0.0.1/32", "10.1.0.7/24", "10.2.0.1")
		} else {
			s += " " + w.one("10.0.0.1", "10.0.0.1/32", "10.1.0.7/24", "10.2.0.0/24", "10.3.0.128/25")
		}
	}
	return s
}

func (w secWords) v6() (s string) {
	for range w.IntN(3) {
		if w.hosts {
			s += " " + w.one("fd00::1", "fd01::7/64", "fd02::1", "fd03::1/128")
		} else {
			s += " " + w.one("fd00::1", "fd01::7/64", "fd02::/64", "fd03::1/128")
		}
	}
	return s
}

// packet returns a microflow from p to q or from q to p.
func (w secWords) packet() string {
	src, dst := w.mac(), w.one("40:44:00:00:00:0f", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01")
	in := "p"
	if w.IntN(2) == 0 {
		in, src, dst = "q", "40:44:00:00:00:0f", w.mac()
	}
	head := fmt.Sprintf(`inport == "%s" && eth.src == %s && eth.dst == %s && `, in, src, dst)
	lla := func() string { return w.one(src, w.mac(), "00:00:00:00:00:00") }
	ip6 := func() string {
		if w.IntN(3) == 0 {
			return "ip6.src == :: && ip6.dst == " + w.one("ff02::1", "ff02::16", "ff02::1:ff00:1")
		}
		return "ip6.src == " + w.ip6() + " && ip6.dst == " + w.one(w.ip6(), "ff02::1", "ff05::2")
	}
	switch w.IntN(8) {
	case 0, 1:
		return head + fmt.Sprintf("arp.op == %d && arp.sha == %s && arp.spa == %s && arp.tpa == 10.9.9.9", 1+w.IntN(2), lla(), w.ip4())
	case 2:
		return head + "ip.ttl == 255 && icmp6.type == 135 && icmp6.code == 0 && nd.sll == " + lla() + " && nd.target == fd09::1 && " + ip6()
	case 3:
		return head + "ip.ttl == 255 && icmp6.type == 136 && icmp6.code == 0 && nd.tll == " + lla() + " && nd.target == " + w.ip6() +
			" && ip6.src == " + w.ip6() + " && ip6.dst == " + w.one(w.ip6(), "ff02::1")
	case 4:
		return head + "ip.ttl == 64 && icmp6.type == " + w.one("128", "131", "143", "133") + " && icmp6.code == 0 && " + ip6()
	case 5:
		return head + "ip.ttl == 64 && udp.src == " + w.one("68", "68", "67") + " && udp.dst == " + w.one("67", "67", "53") +
			" && ip4.src == 0.0.0.0 && ip4.dst == " + w.one("255.255.255.255", "255.255.255.255", "10.0.0.9")
	case 6:
		return head + "ip.ttl == 64 && ip4.src == " + w.ip4() + " && ip4.dst == " + w.one(w.ip4(), w.ip4(), "224.0.0.9", "255.255.255.255") + " && tcp.dst == 80"
	}
	return head + "eth.type == " + w.one("0x1234", "0x8035")
}

// TestPortSecurityAsOVN: what passes the flows is what the evaluator's own
// check_in_port_sec and check_out_port_sec let pass.
func TestPortSecurityAsOVN(t *testing.T) {
	verdicts := map[string]int{}
	for seed := range uint64(150) {
		w := secWords{rand.New(rand.NewPCG(seed, 0)), false}
		security := w.security()
		ours, sw := traced(secured(t, security), t, nil)
		oracle, osw := traced(secured(t, nil), t, security)
		for range 60 {
			packet := w.packet()
			got, want := reaches(t, ours, sw, packet), reaches(t, oracle, osw, packet)
			if got != want {
				t.Fatalf("seed %d, %q, %s: reaches %q, with OVN's actions %q", seed, security, packet, got, want)
			}
			verdicts[fmt.Sprintf("%.13s reaches %q", packet, got)]++
		}
	}
	if len(verdicts) < 4 {
		t.Errorf("the packets test little: %v", verdicts)
	}
	t.Log(verdicts)
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
		w := secWords{rand.New(rand.NewPCG(seed, 1)), true}
		security := w.security()
		ours, sw := traced(secured(t, security), t, nil)
		s.run("ovn-nbctl", append([]string{"--db=" + nbSocket, "--wait=sb", "lsp-set-port-security", "p"}, security...)...)
		for range 20 {
			packet := w.packet()
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
	ours, sw := traced(secured(t, []string{"VRRPv3 00:00:5e:00:01:00/ff:ff:ff:ff:ff:00 40:44:00:00:00:01 10.0.0.1 10.0.0.100"}), t, nil)
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
