package tables

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// TestBackendsOf: which backends a VIP has is read from its flow.
func TestBackendsOf(t *testing.T) {
	at := netip.MustParseAddrPort
	all := func(a string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(a), 0) }
	for _, c := range []struct {
		match, actions string
		want           []Balanced
	}{
		{"ct.new && ip4.dst == 10.9.0.1 && ct_tcp.dst == 80", "reg0[1] = 0; reg4 = 10.9.0.1; ct_lb_mark(backends=10.0.1.11:8080,10.0.1.12);",
			[]Balanced{{6, at("10.9.0.1:80"), at("10.0.1.11:8080")}, {6, at("10.9.0.1:80"), at("10.0.1.12:80")}}},
		{`ct.new && ip6.dst == fd00:9::1 && ct_udp.dst == 53 && !ct.rel && inport == "r-p"`, `ct_lb_mark(backends=[fd00:1::11]:5353; hash_fields="ip_src"; skip_snat);`,
			[]Balanced{{17, at("[fd00:9::1]:53"), at("[fd00:1::11]:5353")}}},
		{"ct.new && ip4.dst == 10.9.0.1 && sctp.dst == 80", "ct_lb_mark(backends=10.0.1.11:80);", []Balanced{{132, at("10.9.0.1:80"), at("10.0.1.11:80")}}},
		{"ct.new && ip6.dst == fd00:9::1", "ct_lb_mark(backends=fd00:1::11);", []Balanced{{0, all("fd00:9::1"), all("fd00:1::11")}}},
		{"ct.new && ip4.dst == 10.9.0.1 && ct_tcp.dst == 80", `ct_lb_mark_local(backends="vm:1, (\"b\")":10.0.1.11:8080,"vm2":10.0.1.12:80; skip_snat);`,
			[]Balanced{{6, at("10.9.0.1:80"), at("10.0.1.11:8080")}, {6, at("10.9.0.1:80"), at("10.0.1.12:80")}}},
		{"ct.new && ip4.dst == 10.9.0.1", "drop;", nil},
		{"reg0[2]", "ct_lb_mark;", nil},
	} {
		if got := backendsOf(&sb.Flow{Match: c.match, Actions: c.actions}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s => %s: %v", c.match, c.actions, got)
		}
	}
}

// TestBalanced: connections end with a backend where some load balancer with it says so.
func TestBalanced(t *testing.T) {
	w := newWorld(t)
	flow := func(backends string) sb.Flow {
		return sb.Flow{Match: "ct.new && ip4.dst == 10.9.0.1 && ct_tcp.dst == 80", Actions: "ct_lb_mark(backends=" + backends + ");"}
	}
	want := func(of map[string]bool) {
		t.Helper()
		w.commit()
		got := map[string]bool{}
		for b, flush := range w.Balanced.All() {
			got[b.Backend.String()] = flush
		}
		if !reflect.DeepEqual(got, of) {
			t.Errorf("backends are %v, want %v", got, of)
		}
	}
	w.chunk("n", "lb-1", flow("10.0.0.1:80,10.0.0.2:80"))
	w.chunk("n", "other", flow("10.0.0.9:80"))
	want(map[string]bool{"10.0.0.1:80": false, "10.0.0.2:80": false})
	w.chunk("m", "lb-flush-2", flow("10.0.0.2:80"))
	want(map[string]bool{"10.0.0.1:80": false, "10.0.0.2:80": true})
	w.chunk("n", "lb-1")
	want(map[string]bool{"10.0.0.2:80": true})
}
