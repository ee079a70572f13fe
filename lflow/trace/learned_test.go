package trace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// TestLearned: what one packet teaches the next one finds, and no packet finds
// without a Learned.
func TestLearned(t *testing.T) {
	const (
		tcp  = "eth.src == 02:00:00:00:00:01 && ip4 && ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.9 && tcp.src == 5 && tcp.dst == 80"
		back = "eth.src == 02:00:00:00:00:09 && ip4 && ip4.src == 10.0.0.9 && ip4.dst == 10.0.0.1 && tcp.src == 80 && tcp.dst == 5"
		v6   = "ip6 && ip6.src == fd00::1 && ip6.dst == fd00::9"
		show = " ip.ttl = reg0[0..7];"
	)
	for _, c := range []struct{ teach, ask, teacher, asker, before, after string }{
		{`put_fdb(inport, eth.src);`, `reg0[0] = lookup_fdb(inport, eth.src);` + show, tcp, tcp, "ip.ttl = 0;\n", "ip.ttl = 0x1;\n"},
		{`inport = "b"; put_fdb(inport, eth.src);`, `outport = get_fdb(eth.dst); output;`, back, "eth.dst == 02:00:00:00:00:09", "*** output to null logical port;\n", "output(\"b\");\n"},
		{`put_arp(inport, ip4.src, eth.src);`, `get_arp(inport, ip4.dst);`, back, tcp, "eth.dst = 00:00:00:00:00:00;\n", "eth.dst = 02:00:00:00:00:09;\n"},
		{`put_arp(inport, ip4.src, eth.src);`, `get_arp(inport, ip4.dst);`, "eth.src == 02:00:00:00:00:07 && ip4.src == 10.0.0.8", "ip4.dst == 10.0.0.8", "eth.dst = 02:00:00:00:00:08;\n", "eth.dst = 02:00:00:00:00:08;\n"},
		{`put_nd(inport, ip6.src, eth.src);`, `reg0[0] = lookup_nd_ip(inport, ip6.dst);` + show, "ip6.src == fd00::9", v6, "ip.ttl = 0;\n", "ip.ttl = 0x1;\n"},
		{`commit_ecmp_nh(ipv6 = false, proto = tcp);`, `reg0[0] = chk_ecmp_nh_mac(); reg0[1] = chk_ecmp_nh();` + show, tcp, tcp, "ip.ttl = 0;\n", "ip.ttl = 0x1;\n"},
		{`commit_ecmp_nh(ipv6 = false, proto = tcp);`, `reg0[0] = chk_ecmp_nh_mac(); reg0[1] = chk_ecmp_nh();` + show, tcp, back, "ip.ttl = 0;\n", "ip.ttl = 0x2;\n"},
		{`commit_ecmp_nh(ipv6 = false, proto = udp);`, `reg0[0] = chk_ecmp_nh_mac();` + show, tcp, tcp, "ip.ttl = 0;\n", "ip.ttl = 0;\n"},
		{`commit_lb_aff(vip = "10.0.0.9:80", backend = "10.0.0.3:8080", proto = tcp, timeout = 30);`, `reg0[0] = chk_lb_aff();` + show + ` ip4.dst = reg4; tcp.dst = reg2[0..15];`, tcp, tcp,
			"ip.ttl = 0;\nip4.dst = 0;\ntcp.dst = 0;\n", "ip.ttl = 0x1;\nip4.dst = 0xa000003;\ntcp.dst = 0x1f90;\n"},
		{`commit_lb_aff(vip = "10.0.0.9:81", backend = "10.0.0.3:8080", proto = tcp, timeout = 30);`, `reg0[0] = chk_lb_aff();` + show, tcp, tcp, "ip.ttl = 0;\n", "ip.ttl = 0;\n"},
		{`commit_lb_aff(vip = "fd00::9", backend = "fd00::3", timeout = 30);`, `reg0[0] = chk_lb_aff();` + show + ` ip6.dst = xxreg1;`, v6, v6,
			"ip.ttl = 0;\nip6.dst = 0;\n", "ip.ttl = 0x1;\nip6.dst = 0xfd000000000000000000000000000003;\n"},
		{`bind_vport("away", inport);`, `next(1);`, tcp, "eth.type == 0x1234", "output(\"c\");\n", "output(\"b\");\n"},
	} {
		for _, l := range []*Learned{{}, nil} {
			n, sw, _ := twoDatapaths(t)
			n.AddPort(sw, &Port{Name: "away", Type: "virtual", Key: 9})
			n.Resident = func(port string) bool { return port == "a" }
			if err := sw.AddFixedMAC("a", "10.0.0.8", lflow.MAC{2, 0, 0, 0, 0, 8}); err != nil {
				t.Fatal(err)
			}
			sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Table: 0, Priority: 20, Match: "vlan.pcp == 1", Actions: c.teach})
			sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Table: 0, Priority: 10, Match: "1", Actions: c.ask})
			sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Table: 1, Priority: 10, Match: `is_chassis_resident("away")`, Actions: `outport = "b"; output;`})
			run := func(packet, want string) {
				t.Helper()
				p, err := n.Microflow(`inport == "a" && ` + packet)
				if err != nil {
					t.Fatal(err)
				}
				root, err := n.Trace(nil, p, Options{Learned: l})
				if err != nil {
					t.Fatal(err)
				}
				if got := Minimal(root); want != "-" && got != want {
					t.Errorf("%s; %s: learned %v\ngot:\n%swant:\n%s", c.teach, c.ask, l != nil, got, want)
				}
			}
			after := c.after
			if l == nil {
				after = c.before
			}
			run(c.asker, c.before)
			run(c.teacher+" && vlan.present && vlan.pcp == 1", "-")
			run(c.asker, after)
		}
	}
}

// TestAnswers: DNS and the agent's answers are as the options say.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		actions string
		o       Options
		want    int
	}{
		{`reg0[0] = dns_lookup();`, Options{DNS: Question{Name: "VM1.example"}}, 1},
		{`reg0[0] = dns_lookup();`, Options{DNS: Question{Name: "vm1.example.", Type: "AAAA"}}, 1},
		{`reg0[0] = dns_lookup();`, Options{DNS: Question{Name: "vm1.example", Type: "ANY"}}, 1},
		{`reg0[0] = dns_lookup();`, Options{DNS: Question{Name: "vm1.example", Type: "PTR"}}, 0},
		{`reg0[0] = dns_lookup();`, Options{DNS: Question{Name: "vm2.example"}}, 0},
		{`reg0[0] = put_dhcp_opts(offerip = 10.0.0.2);`, Options{Unanswered: true}, 0},
		{`reg0[0] = put_dhcp_opts(offerip = 10.0.0.2);`, Options{}, 1},
	} {
		got := trace(t, c.actions+" ip.ttl = reg0[0..7];", udp4, c.o)
		if want := fmt.Sprintf("ip.ttl = %#x;\n", c.want); !strings.HasSuffix(strings.ReplaceAll(got, "ip.ttl = 0;", "ip.ttl = 0x0;"), want) {
			t.Errorf("%s %+v: %s", c.actions, c.o.DNS, got)
		}
	}
}
