package main

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// compile has stock northd fill the database from what ovn-nbctl is told, a
// command a line.
func (s *stock) compile(commands string) {
	s.t.Helper()
	for _, tool := range []string{"ovn-northd", "ovn-nbctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			s.t.Skipf("stock OVN is not installed: %v", err)
		}
	}
	nb := "unix:" + s.path("nb.sock")
	s.run("ovsdb-tool", "create", s.path("nb.db"), "/usr/share/ovn/ovn-nb.ovsschema")
	s.run("ovsdb-server", "--detach", "--no-chdir", "--remote=p"+nb, "--pidfile="+s.path("nb.pid"),
		"--unixctl="+s.path("nb.ctl"), "--log-file="+s.path("nb.log"), "-vconsole:off", s.path("nb.db"))
	s.killAtEnd("nb.pid")
	s.run("ovn-northd", "--detach", "--no-chdir", "--ovnnb-db="+nb, "--ovnsb-db="+s.remote(), "--pidfile="+s.path("northd.pid"),
		"--unixctl="+s.path("northd.ctl"), "--log-file="+s.path("northd.log"), "-vconsole:off")
	s.killAtEnd("northd.pid")
	lines := bufio.NewScanner(strings.NewReader(commands))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			s.run("sh", "-c", "ovn-nbctl --db="+nb+" "+line)
		}
	}
	s.run("ovn-nbctl", "--db="+nb, "--wait=sb", "sync")
}

// killAtEnd ends the daemon of a pid file with the test.
func (s *stock) killAtEnd(file string) {
	s.t.Cleanup(func() {
		b, err := os.ReadFile(s.path(file))
		if err != nil {
			s.t.Error(err)
			return
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			s.t.Error(err)
			return
		}
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	})
}

// routedNetwork: routers r1 and r2 joined port to port, switches a and b behind
// them, router r3 on a as well.
const routedNetwork = `
	lr-add r1 -- lrp-add r1 r1-a 40:44:00:00:ff:01 10.0.1.254/24 fd00:1::ff/64 -- lrp-add r1 r1-r2 40:44:00:00:ff:12 169.254.0.1/30 fd00:9::1/64 peer=r2-r1
	lr-add r2 -- lrp-add r2 r2-b 40:44:00:00:ff:02 10.0.2.254/24 fd00:2::ff/64 -- lrp-add r2 r2-r1 40:44:00:00:ff:21 169.254.0.2/30 fd00:9::2/64 peer=r1-r2
	lr-add r3 -- lrp-add r3 r3-a 40:44:00:00:ff:03 10.0.1.253/24 10.0.3.253/24
	lr-route-add r1 10.0.2.0/24 169.254.0.2 -- lr-route-add r1 fd00:2::/64 fd00:9::2 -- lr-route-add r1 0.0.0.0/0 10.0.1.77 -- lr-route-add r1 10.8.0.0/16 discard
	lr-route-add r2 10.0.1.0/24 169.254.0.1 -- lr-route-add r2 fd00:1::/64 fd00:9::1
	ls-add a -- lsp-add a a-r -- lsp-set-type a-r router -- lsp-set-addresses a-r router -- lsp-set-options a-r router-port=r1-a
	lsp-add a a-r3 -- lsp-set-type a-r3 router -- lsp-set-addresses a-r3 40:44:00:00:ff:03 -- lsp-set-options a-r3 router-port=r3-a
	ls-add b -- lsp-add b b-r -- lsp-set-type b-r router -- lsp-set-addresses b-r router -- lsp-set-options b-r router-port=r2-b
	lsp-add a vm1 -- lsp-set-addresses vm1 "40:44:00:00:01:01 10.0.1.1 fd00:1::1"
	lsp-add b vm2 -- lsp-set-addresses vm2 "40:44:00:00:02:02 10.0.2.2 fd00:2::2"
	lsp-add b vm3 -- lsp-set-addresses vm3 "40:44:00:00:02:03 10.0.2.3 fd00:2::3"
`

const (
	fromVM1 = `inport == "vm1" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:01`
	vm1ip4  = fromVM1 + ` && ip4.src == 10.0.1.1`
	vm1ip6  = fromVM1 + ` && ip6.src == fd00:1::1`
	vm1arp  = `inport == "vm1" && eth.src == 40:44:00:00:01:01 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.spa == 10.0.1.1 && arp.sha == 40:44:00:00:01:01`
)

// TestRoutersLikeStock: packets through routers as stock northd compiles them,
// in all forms. Missing are solicitations: of those that routers send,
// ovn-trace makes packets that no flow takes for solicitations, and it ends at
// nd_na_router. IP multicast and ND begin at routers: in switches two flows of
// one priority match what goes out to one, and it is left open which counts.
func TestRoutersLikeStock(t *testing.T) {
	s := newStock(t)
	s.compile(routedNetwork)
	for _, packet := range []string{
		vm1ip4 + ` && ip4.dst == 10.0.2.2 && ip.ttl == 64 && icmp4.type == 8 && icmp4.code == 0`,
		vm1ip6 + ` && ip6.dst == fd00:2::2 && ip.ttl == 64 && icmp6.type == 128 && icmp6.code == 0`,
		vm1ip4 + ` && ip4.dst == 10.0.1.1 && ip.ttl == 64 && udp.dst == 53`,
		// TTL: none left at the first, and at the second router; none at all.
		vm1ip4 + ` && ip4.dst == 10.0.2.2 && ip.ttl == 1 && udp.dst == 33434`,
		vm1ip4 + ` && ip4.dst == 10.0.2.2 && ip.ttl == 2 && udp.dst == 33434`,
		vm1ip4 + ` && ip4.dst == 10.0.2.2 && ip.ttl == 0 && tcp`,
		vm1ip4 + ` && ip4.dst == 10.0.2.2 && ip.ttl == 1 && ip.frag == 3`,
		vm1ip6 + ` && ip6.dst == fd00:2::2 && ip.ttl == 1 && udp.dst == 33434`,
		vm1ip6 + ` && ip6.dst == fd00:2::2 && ip.ttl == 2 && udp.dst == 33434`,
		// To addresses of routers.
		vm1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 1 && icmp4.type == 8 && icmp4.code == 0`,
		vm1ip4 + ` && ip4.dst == 10.0.2.254 && ip.ttl == 64 && icmp4.type == 8 && icmp4.code == 0`,
		vm1ip4 + ` && ip4.dst == 169.254.0.2 && ip.ttl == 64 && icmp4.type == 8 && icmp4.code == 0`,
		vm1ip6 + ` && ip6.dst == fd00:9::2 && ip.ttl == 64 && icmp6.type == 128 && icmp6.code == 0`,
		vm1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && udp.dst == 33434`,
		vm1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && tcp.dst == 80`,
		vm1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && sctp.dst == 80`,
		vm1ip4 + ` && ip4.dst == 10.0.1.254 && ip.ttl == 64 && ip.proto == 89`,
		vm1ip6 + ` && ip6.dst == fd00:1::ff && ip.ttl == 64 && udp.dst == 80`,
		vm1ip6 + ` && ip6.dst == fd00:1::ff && ip.ttl == 64 && tcp.dst == 80`,
		vm1ip6 + ` && ip6.dst == fd00:1::ff && ip.ttl == 64 && ip.proto == 89`,
		// Neighbours that nobody knows, routes that nobody has.
		vm1ip4 + ` && ip4.dst == 8.8.8.8 && ip.ttl == 64 && udp.dst == 53`,
		vm1ip4 + ` && ip4.dst == 10.0.2.77 && ip.ttl == 64 && udp.dst == 53`,
		vm1ip6 + ` && ip6.dst == fd99::1 && ip.ttl == 64 && udp.dst == 53`,
		vm1ip4 + ` && ip4.dst == 10.8.1.1 && ip.ttl == 64 && udp.dst == 53`,
		// What no router lets in.
		fromVM1 + ` && ip4.src == 10.0.1.254 && ip4.dst == 10.0.2.2 && ip.ttl == 64`,
		fromVM1 + ` && ip4.src == 10.0.1.255 && ip4.dst == 10.0.2.2 && ip.ttl == 64`,
		fromVM1 + ` && ip4.src == 127.0.0.1 && ip4.dst == 10.0.2.2 && ip.ttl == 64`,
		`inport == "r1-a" && eth.src == 41:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:01 && ip4`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:02 && ip4`,
		`inport == "r1-a" && eth.dst == 40:44:00:00:ff:01 && vlan.present && ip4`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 01:00:5e:00:00:05 && ip4.src == 10.0.1.1 && ip4.dst == 224.0.0.5 && ip.ttl == 1`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == ff:ff:ff:ff:ff:ff && ip4.src == 10.0.1.1 && ip4.dst == 255.255.255.255 && ip.ttl == 64 && udp`,
		// ARP: the switch answers, the router does, nobody does; what routers learn.
		vm1arp + ` && arp.tpa == 10.0.1.254`,
		vm1arp + ` && arp.tpa == 10.0.1.253`,
		vm1arp + ` && arp.tpa == 10.0.1.99`,
		fromVM1 + ` && arp.op == 1 && arp.spa == 10.0.1.1 && arp.tpa == 10.0.1.254`,
		fromVM1 + ` && arp.op == 2 && arp.spa == 10.0.1.1 && arp.sha == 40:44:00:00:01:01 && arp.tpa == 10.0.1.254`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:01 && nd_na && ip6.src == fd00:1::1 && ip6.dst == fd00:1::ff && nd.target == fd00:1::1 && nd.tll == 40:44:00:00:01:01`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:01 && nd_na && ip6.src == fd00:1::1 && ip6.dst == fd00:1::ff && nd.target == fd00:1::1`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 33:33:00:00:00:02 && nd_rs && ip6.src == fe80::1 && ip6.dst == ff02::2`,
		// Begun at a router.
		`inport == "r2-b" && eth.src == 40:44:00:00:02:02 && eth.dst == 40:44:00:00:ff:02 && ip4.src == 10.0.2.2 && ip4.dst == 10.0.1.1 && ip.ttl == 9 && tcp`,
		`inport == "r3-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 40:44:00:00:ff:03 && ip4.src == 10.0.1.1 && ip4.dst == 10.0.3.253 && ip.ttl == 9 && udp`,
	} {
		args := []string{"--all", "--db=" + s.remote(), packet}
		want := s.run(append([]string{"ovn-trace"}, args...)...)
		if got := weftTrace(t, "", args...); got != want {
			t.Errorf("%s\nours:\n%s\novn-trace:\n%s", packet, got, want)
		}
	}
}

// TestSolicitationsThroughRouters: what ovn-trace cannot show.
func TestSolicitationsThroughRouters(t *testing.T) {
	s := newStock(t)
	s.compile(routedNetwork)
	for packet, want := range map[string]string{
		// The switch answers on behalf of r1, which itself answers for an
		// address that the switch does not have.
		`inport == "vm1" && eth.src == 40:44:00:00:01:01 && eth.dst == 33:33:ff:00:00:ff && nd_ns && ip6.src == fd00:1::1 && ip6.dst == ff02::1:ff00:ff && nd.target == fd00:1::ff && nd.sll == 40:44:00:00:01:01`: `
nd_na_router {
    eth.src = 40:44:00:00:ff:01;
    ip6.src = fd00:1::ff;
    nd.target = fd00:1::ff;
    nd.tll = 40:44:00:00:ff:01;
    output("vm1");
};
`,
		`inport == "r1-a" && eth.src == 40:44:00:00:01:01 && eth.dst == 33:33:ff:00:00:ff && nd_ns && ip6.src == fd00:1::1 && ip6.dst == ff02::1:ff00:ff && nd.target == fd00:1::ff && nd.sll == 40:44:00:00:01:01`: `
nd_na_router {
    eth.src = 0x40440000ff01;
    ip6.src = fd00:1::ff;
    nd.tll = 0x40440000ff01;
    output("vm1");
};
`,
		// r2 asks b who has an address.
		vm1ip6 + ` && ip6.dst == fd00:2::77 && ip.ttl == 64 && udp.dst == 53`: `
ip.ttl--;
eth.src = 40:44:00:00:ff:12;
eth.dst = 40:44:00:00:ff:21;
ip.ttl--;
eth.src = 40:44:00:00:ff:02;
eth.dst = 00:00:00:00:00:00;
nd_ns {
    nd.target = 0xfd000002000000000000000000000077;
    output("vm2");
    output("vm3");
};
`,
	} {
		got := weftTrace(t, "", "--minimal", "--db="+s.remote(), packet)
		if _, rest, _ := strings.Cut(got, "\n"); "\n"+rest != want {
			t.Errorf("%s\n%s", packet, got)
		}
	}
}
