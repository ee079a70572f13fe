package chassisd

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// meter are the keys of a meter.
func meter(name, unit string, rate, burst int64) map[string]*string {
	band := schema.NameUUID("band", name)
	return map[string]*string{
		sbKey("Meter_Band", band):                      row("Meter_Band", &sb.MeterBand{Action: "drop", Rate: rate, BurstSize: burst}),
		sbKey("Meter", schema.NameUUID("meter", name)): row("Meter", &sb.Meter{Name: name, Unit: unit, Bands: []schema.UUID{band}}),
	}
}

// TestMetersAndGroups: what flows use is in the switch, and goes with them; a
// meter lets as many packets to the agent as it says.
func TestMetersAndGroups(t *testing.T) {
	f, h := oneHV(t)
	unit := flowPrefix + dp1.String() + "/acls"
	chunk := string(sb.EncodeFlows([]sb.Flow{
		{Pipeline: sb.Ingress, Table: 1, Priority: 200, Match: "icmp4", Actions: `log(name="ping", verdict=drop, severity=info, meter="two");`, Stage: "acl"},
		{Pipeline: sb.Ingress, Table: 1, Priority: 200, Match: "tcp", Actions: `ct_lb_mark(backends=10.1.0.1:80,10.1.0.2:80);`, Stage: "lb"},
		{Pipeline: sb.Ingress, Table: 1, Priority: 200, Match: "udp", Actions: `set_meter(1000, 100); next;`, Stage: "qos"},
	}))
	kvs := meter("two", "pktps", 2, 0)
	kvs[unit] = &chunk
	f.put(kvs)
	f.sync(h)
	meters, groups := h.Ofctl("dump-meters"), h.Ofctl("dump-groups")
	for _, want := range []string{"pktps stats bands=\ntype=drop rate=2\n", "kbps burst stats bands=\ntype=drop rate=1000 burst_size=100\n"} {
		if !strings.Contains(meters, want) {
			t.Errorf("no %q in\n%s", want, meters)
		}
	}
	if !strings.Contains(groups, "type=select") || !strings.Contains(groups, "nat(dst=10.1.0.2:80)") {
		t.Errorf("groups\n%s", groups)
	}

	var ping []byte
	for _, s := range packettest.Stock(t) {
		if s.Name == "icmp4 echo" {
			ping = s.Sent
		}
	}
	const n = 20
	for range n {
		h.Appctl("netdev-dummy/receive", "vm1", hex.EncodeToString(ping))
	}
	h.Eventually("a logged ping", func() bool { return h.agent.duties.Stats()["log"].Handled > 0 })
	if logged := h.agent.duties.Stats()["log"].Handled; logged > n/2 {
		t.Errorf("%d of %d pings are logged, at two a second", logged, n)
	}

	f.put(meter("two", "pktps", 5, 0))
	f.sync(h)
	if meters := h.Ofctl("dump-meters"); !strings.Contains(meters, "rate=5\n") || strings.Contains(meters, "rate=2\n") {
		t.Errorf("meters\n%s", meters)
	}
	f.put(map[string]*string{sbKey("Meter", schema.NameUUID("meter", "two")): nil})
	f.sync(h)
	if !h.hasProblem(`there is no meter "two"`) {
		t.Errorf("problems %v", h.statusNow().Problems)
	}
	f.put(map[string]*string{unit: nil})
	f.sync(h)
	if meters, groups := h.Ofctl("dump-meters"), h.Ofctl("dump-groups"); strings.Contains(meters, "meter=") || strings.Count(groups, "group_id") != len(physical.StaticGroups()) {
		t.Errorf("left behind:\n%s%s", meters, groups)
	}
	if c := h.counters(); c.Refusals != 0 {
		t.Errorf("the switch refused %d", c.Refusals)
	}
}
