package trace

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// TestConntrackActions: what an action commits, and where.
func TestConntrackActions(t *testing.T) {
	const conn = "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.2,dst=10.0.0.1,sport=80,dport=5)"
	for _, c := range []struct {
		router  bool
		actions string
		want    string // connections
	}{
		{false, `ct_next;`, ""},
		{false, `ct_commit;`, conn + ",zone=a"},
		{true, `ct_commit;`, conn + ",zone=dp_dnat"},
		{false, `ct_commit { ct_mark = 0xf; }; ct_commit { ct_mark.natted = 0; ct_label.label = 1; };`, conn + ",zone=a,mark=13,labels=0x1000000000000000000000000"},
		{false, `reg1 = 7; ct_commit { ct_mark = reg1; ct_label[0..47] = eth.src; };`, conn + ",zone=a,mark=7,labels=0x20000000000"},
		{false, `ct_commit_nat(snat);`, conn + ",zone=a"},
		{true, `ct_commit_nat(snat);`, conn + ",zone=dp_snat"},
		{true, `ct_commit_nat(dnat);`, conn + ",zone=dp_dnat"},
		{false, `ct_commit_to_zone(dnat);`, conn + ",zone=a"},
		{true, `ct_commit_to_zone(snat);`, conn + ",zone=dp_snat"},
		{true, `ct_dnat_in_czone(10.0.0.5);`, "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.5,dst=10.0.0.1,sport=80,dport=5),zone=dp_dnat"},
		{true, `ct_snat_in_czone(10.0.0.9,1000);`, "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.2,dst=10.0.0.9,sport=80,dport=1000),zone=dp_dnat"},
		{true, `ct_snat(10.0.0.9,1-9);`, "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.2,dst=10.0.0.9,sport=80,dport=5),zone=dp_snat"},
		{true, `ct_snat;`, ""},
		{false, `ct_lb(backends=10.0.0.5:81; skip_snat);`, "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.5,dst=10.0.0.1,sport=81,dport=5),zone=a,labels=0x6"},
		{false, `ct_lb_mark(backends=10.0.0.5);`, "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.5,dst=10.0.0.1,sport=80,dport=5),zone=a,mark=2"},
		{false, `ct_lb_mark(backends=[fd00::5]:80);`, ""},
		{false, `ct_lb_mark_local(backends="away":10.0.0.5:81,"b":10.0.0.6:81);`, "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=5,dport=80),reply=(src=10.0.0.6,dst=10.0.0.1,sport=81,dport=5),zone=a,mark=2"},
		{false, `ct_clear; clone { ct_commit; }; ct_commit { ct_mark = 1; };`, conn + ",zone=a,mark=1"},
		{false, `reject { ct_commit; };`, ""}, // RST begins nothing
	} {
		n := &testNet{router: c.router}
		n.add(lflow.Ingress, 0, 0, "1", c.actions)
		net, _ := n.network()
		var ct Conntrack
		traceOut(t, net, "a tcp 10.0.0.1:5>10.0.0.2:80", &ct)
		var got []string
		for _, k := range ct.Connections() {
			got = append(got, k.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\ngot:  %s\nwant: %s", c.actions, got, c.want)
		}
	}
}

// TestOriginal: what a packet's connection was before it was translated can be
// asked for, with connection tracking and without.
func TestOriginal(t *testing.T) {
	n := &testNet{}
	n.add(lflow.Ingress, 0, 0, `1`, `ct_lb_mark(backends=10.0.0.5:81);`)
	n.add(lflow.Ingress, 1, 0, `1`, `reg1 = ct_nw_dst(); reg2[0..15] = ct_tp_dst(); reg5[0..7] = ct_proto(); reg6[0..7] = ct_state_save(); next;`)
	n.add(lflow.Ingress, 2, 0, `reg1 == 10.0.0.100 && reg2 == 80 && reg5 == 6 && reg6 == {0xa1, 0xa2} && reg4[0..7] == {0xa1, 0xa2}`, `outport = "probe"; output;`)
	n.add(lflow.Egress, 0, 0, `1`, `output;`)
	net, _ := n.network()
	for _, state := range []*Conntrack{{}, nil} {
		if got := traceOut(t, net, "a tcp 10.0.0.1:5>10.0.0.100:80", state); len(got) != 1 {
			t.Errorf("%q", got)
		}
	}
}

// TestHairpin: a backend that reaches itself through the load balancer sees the
// VIP as the source, and its reply comes back to it.
func TestHairpin(t *testing.T) {
	n := &testNet{}
	in := func(table, priority int, match, actions string) {
		n.add(lflow.Ingress, table, priority, match, actions)
	}
	in(0, 10, `ip4.dst == 10.0.0.100 && tcp.src != 81`, `ct_lb_mark(backends=10.0.0.1:81);`)
	in(0, 0, `1`, `next;`)
	in(1, 0, `1`, `reg0[6] = chk_lb_hairpin(); reg0[12] = chk_lb_hairpin_reply(); next;`)
	in(2, 10, `ip && ct.new && ct.trk && reg0[6] == 1`, `ct_snat_to_vip; next;`)
	in(2, 10, `ip && reg0[12] == 1`, `ct_snat;`)
	in(2, 0, `1`, `next;`)
	in(3, 10, `reg0[6] == 1 || reg0[12] == 1`, `flags.loopback = 1; outport = inport; output;`)
	n.add(lflow.Egress, 0, 0, `1`, `output;`)
	net, d := n.network()
	d.AddHairpin(Hairpin{Proto: lflow.L4TCP, VIP: netip.MustParseAddrPort("10.0.0.100:80"), Backend: netip.MustParseAddrPort("10.0.0.1:81")})
	var ct Conntrack
	for i, c := range [][2]string{
		{"a tcp 10.0.0.1:5>10.0.0.100:80 S", "[a 10.0.0.100:5>10.0.0.1:81]"},
		{"a tcp 10.0.0.1:81>10.0.0.100:5 SA", "[a 10.0.0.1:81>10.0.0.1:5]"},
		{"a tcp 10.0.0.2:81>10.0.0.100:5 SA", "[]"},
	} {
		if got := fmt.Sprint(traceOut(t, net, c[0], &ct)); got != c[1] {
			t.Errorf("packet %d: %s, want %s", i, got, c[1])
		}
	}
}
