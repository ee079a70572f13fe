package tables

import (
	"net/netip"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// TestTranslationOf: what a flow makes of an address is read from it.
func TestTranslationOf(t *testing.T) {
	in := func(outside, inside string) Translation {
		return Translation{Outside: netip.MustParseAddr(outside), Inside: netip.MustParsePrefix(inside)}
	}
	out := func(inside, outside string) Translation {
		tr := in(outside, inside)
		tr.Source = true
		return tr
	}
	for _, c := range []struct {
		match, actions string
		want           Translation
		ok             bool
	}{
		{`ip4.dst == 172.16.0.101 && inport == "r-p" && is_chassis_resident("cr-r-p")`, "ct_dnat_in_czone(10.0.1.2);", in("172.16.0.101", "10.0.1.2/32"), true},
		{`ip6.dst == fd00:16::101 && inport == "r-p"`, "flags.loopback = 1; ct_dnat(fd00:1::1,1-30);", in("fd00:16::101", "fd00:1::1/128"), true},
		{`ip4.src == 10.0.1.0/24 && outport == "r-p" && reg9[4]`, "eth.src = 40:44:00:00:aa:01; ct_snat(172.16.0.9);", out("10.0.1.0/24", "172.16.0.9"), true},
		{`ip4 && outport == "r-p"`, "ct_snat_in_czone(172.16.0.9);", out("0.0.0.0/0", "172.16.0.9"), true},
		{`ip6 && outport == "r-p"`, "ct_snat_in_czone(fd00::9);", out("::/0", "fd00::9"), true},
		{`flags.force_snat_for_dnat && ip4`, "ct_snat(100.64.0.2);", Translation{}, false},
		{`ip4.dst == 172.16.0.101 && inport == "r-p"`, "ct_snat_in_czone;", Translation{}, false},
		{`ip4.dst == 172.16.0.103 && inport == "r-p"`, "ip4.dst = 10.0.1.3; next;", Translation{}, false},
	} {
		if got, _, ok := translationOf(&sb.Flow{Match: c.match, Actions: c.actions}); ok != c.ok || got != c.want {
			t.Errorf("%s => %s: %+v, %v", c.match, c.actions, got, ok)
		}
	}
}

// TestTranslations: they are there while a flow says them, in the zones of a local
// router.
func TestTranslations(t *testing.T) {
	w := newWorld(t)
	w.behindRouter()
	w.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 6, Type: ptr("logical-router"), ExternalIDs: map[string]string{"name": "r"}})
	w.Zones.Set("r_dnat", 11)
	w.Zones.Set("r_snat", 12)
	dnat := sb.Flow{Match: `ip4.dst == 172.16.0.101 && inport == "r-p"`, Actions: "ct_dnat_in_czone(10.0.1.2);"}
	snat := sb.Flow{Match: `ip4.src == 10.0.1.2 && outport == "r-p"`, Actions: "ct_snat(172.16.0.101);"}
	want := func(n int) {
		t.Helper()
		w.commit()
		got := 0
		for tr := range w.Translations.All() {
			if zone := map[bool]uint16{false: 11, true: 12}[tr.Source]; tr.Zone != zone {
				t.Errorf("%+v", tr)
			}
			got++
		}
		if got != n {
			t.Errorf("%d translations, want %d", got, n)
		}
	}
	want(0)
	w.chunk("r", "nat-1", dnat, snat)
	want(2)
	w.chunk("r", "nat-2", dnat)
	w.chunk("r", "other", snat)
	want(2)
	w.chunk("r", "nat-1", snat)
	want(2)
	w.chunk("r", "nat-2")
	want(1)
}
