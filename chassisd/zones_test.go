package chassisd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// track makes a connection in a conntrack zone.
func (h *hv) track(zone int) {
	h.f.t.Helper()
	const udp = "0200000000020200000000010800" + "4500001c00000000401166cf0a0000010a000002" + "0001000200080000"
	h.Ofctl("packet-out", "in_port=local packet="+udp+" actions=ct(commit,zone="+fmt.Sprint(zone)+")")
	if !h.tracked(zone) {
		h.f.t.Fatalf("no connection in zone %d", zone)
	}
}

func (h *hv) tracked(zone int) bool {
	h.f.t.Helper()
	return strings.Contains(h.Appctl("dpctl/dump-conntrack", fmt.Sprintf("zone=%d", zone)), "udp,")
}

func (h *hv) zone(name string) (z int) {
	h.f.t.Helper()
	text := strings.Trim(h.Vsctl("--if-exists", "get", "bridge", "br-int", "external_ids:ct-zone-"+name), "\"\n ")
	if _, err := fmt.Sscan(text, &z); err != nil {
		return 0
	}
	return z
}

// TestZonesAreFlushed: nobody finds the connections of the one who had its
// conntrack zone before, and nobody loses its own.
func TestZonesAreFlushed(t *testing.T) {
	f, h := oneHV(t)
	h.Eventually("a zone", func() bool { return h.zone("vm1") != 0 })
	const next, other = 4, 9 // vm1 and the two of the switch have 1 to 3
	for _, z := range []int{h.zone("vm1"), next, other} {
		h.track(z)
	}
	h.vm("vm2", 12)
	f.sync(h)
	h.Eventually("ovn-installed", func() bool { return h.installed("vm2") != "" })
	if z := h.zone("vm2"); z != next || h.tracked(z) {
		t.Errorf("vm2 has zone %d with connections in it: %v", z, h.tracked(z))
	}
	if !h.tracked(h.zone("vm1")) || !h.tracked(other) {
		t.Error("connections of others are gone")
	}

	// While nobody looks, vm2 goes and vm3 comes.
	h.stop()
	h.track(next)
	h.track(next + 1)
	h.Vsctl("del-port", "vm2")
	h.vm("vm3", 13)
	kvs := port("vm3", 3, nil)
	for key := range port("vm2", 2, nil) {
		kvs[key] = nil
	}
	f.put(kvs)
	h.start()
	f.sync(h)
	h.Eventually("ovn-installed", func() bool { return h.installed("vm3") != "" })
	if z := h.zone("vm3"); z == 0 || h.tracked(z) {
		t.Errorf("vm3 has zone %d with connections in it: %v", z, h.tracked(z))
	}
	h.Eventually("vm2's zone to be free", func() bool { return h.zone("vm2") == 0 })
	if !h.tracked(h.zone("vm1")) {
		t.Error("connections of vm1 are gone")
	}

	// A port with the name of one that goes is another.
	first := h.zone("vm1")
	again := schema.NameUUID("vm1 again")
	kvs = map[string]*string{
		sbKey("Port_Binding", again): row("Port_Binding", &sb.PortBinding{LogicalPort: "vm1", Datapath: dp1, TunnelKey: 7}),
	}
	for key := range port("vm1", 1, nil) {
		kvs[key] = nil
	}
	f.put(kvs)
	f.sync(h)
	h.Eventually("a zone", func() bool { z := h.zone("vm1"); return z != 0 && z != first })
}

// TestZonesAreNamed: a datapath's zones are called after it, keep their numbers
// when it is renamed, and when an agent of before has called them after its UUID.
// Of two datapaths with one name only one has it.
func TestZonesAreNamed(t *testing.T) {
	f, h := oneHV(t)
	named := func(dp schema.UUID, key int64, name string) {
		f.put(map[string]*string{
			sbKey("Datapath_Binding", dp): row("Datapath_Binding", &sb.DatapathBinding{TunnelKey: key, ExternalIDs: map[string]string{"name": name}}),
		})
	}
	h.Eventually("zones", func() bool { return h.zone("n_dnat") != 0 && h.zone("n_snat") != 0 })
	dnat, snat := h.zone("n_dnat"), h.zone("n_snat")
	h.track(dnat)
	is := func(name string) func() bool {
		return func() bool {
			return h.zone(name+"_dnat") == dnat && h.zone(name+"_snat") == snat
		}
	}
	named(dp1, 5, "m")
	h.Eventually("the zones of m", is("m"))
	if h.zone("n_dnat") != 0 {
		t.Error("the old name is kept")
	}

	// While nobody looks, the keys become those of an agent of before.
	h.stop()
	for _, kind := range []string{"dnat", "snat"} {
		h.Vsctl("remove", "bridge", "br-int", "external_ids", "ct-zone-m_"+kind)
	}
	h.Vsctl("set", "bridge", "br-int", fmt.Sprintf("external_ids:ct-zone-%s_dnat=%d", dp1, dnat), fmt.Sprintf("external_ids:ct-zone-%s_snat=%d", dp1, snat))
	h.start()
	f.sync(h)
	h.Eventually("the zones of m", is("m"))
	if !h.tracked(dnat) {
		t.Error("the connections of a datapath are gone")
	}

	// Another has the name: one of them goes by its UUID, and the zones are not one.
	other := schema.NameUUID("other datapath")
	named(other, 6, "m")
	f.put(map[string]*string{sbKey("Port_Binding", schema.NameUUID("vm9")): row("Port_Binding", &sb.PortBinding{LogicalPort: "vm9", Datapath: other, TunnelKey: 1})})
	h.vm("vm9", 19)
	f.sync(h)
	h.Eventually("zones of both", func() bool {
		by := h.zone(other.String() + "_dnat")
		if by == 0 {
			by = h.zone(dp1.String() + "_dnat")
		}
		return by != 0 && h.zone("m_dnat") != 0 && by != h.zone("m_dnat")
	})
	if !h.tracked(dnat) {
		t.Error("the connections of a datapath are gone")
	}
}
