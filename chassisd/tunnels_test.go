package chassisd

import (
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// chassisKeys are the records by which a chassis says where its tunnel ends.
func chassisKeys(name, ip string) map[string]*string {
	chassis, encap := schema.NameUUID("Chassis", name), schema.NameUUID("Encap", name)
	record := func(table string, r schema.Row) *string {
		s := string(schema.EncodeRow(sb.Schema().Table(table), r, func(*schema.Column) bool { return true }))
		return &s
	}
	return map[string]*string{
		sb.RecordKey(name, "Chassis", chassis): record("Chassis", &sb.Chassis{Name: name, Hostname: name, Encaps: []schema.UUID{encap}}),
		sb.RecordKey(name, "Encap", encap):     record("Encap", &sb.Encap{ChassisName: name, Type: "geneve", IP: ip}),
	}
}

// TestTunnelOfAnotherChassis: an address that another chassis has now is reached
// by the port that leads there.
func TestTunnelOfAnotherChassis(t *testing.T) {
	f, h := oneHV(t)
	f.put(chassisKeys("old", "10.0.0.77"))
	h.Eventually("the tunnel", func() bool { return h.Vsctl("--if-exists", "get", "interface", "ovn-old-0", "ofport") > "0" })
	ofport := h.ofport("ovn-old-0")
	f.put(chassisKeys("reborn", "10.0.0.77"))
	h.Eventually("the other chassis", func() bool {
		return h.Vsctl("get", "port", "ovn-old-0", "external_ids:ovn-chassis-id") == "\"reborn@10.0.0.77\""
	})
	if now := h.ofport("ovn-old-0"); now != ofport {
		t.Errorf("the port had number %s, has %s", ofport, now)
	}
}

// TestRefusedTunnel: a tunnel that the switch refuses is told of, and tried again
// with growing pauses until the switch has it.
func TestRefusedTunnel(t *testing.T) {
	now, why, none := time.Unix(1000, 0), "could not add network device", -1
	loc := newLocal(time.Now)
	w := newOVSWriter(&Config{Now: func() time.Time { return now }}, loc, nil, nil)
	loc.name = "br-int"
	loc.apply(vswitch.Changes{
		Connected: true, Synced: true,
		Bridges:    map[string]*vswitch.Bridge{"b": {UUID: "b", Name: "br-int", Ports: []string{"p"}}},
		Ports:      map[string]*vswitch.Port{"p": {UUID: "p", Name: "ovn-hv2-0", Interfaces: []string{"i"}, ExternalIDs: map[string]string{tunnel.Mark: "hv2@10.0.0.2"}}},
		Interfaces: map[string]*vswitch.Interface{"i": {UUID: "i", Name: "ovn-hv2-0", Type: "geneve", Ofport: &none, Error: &why}},
	})
	inputs := tables.New()
	loc.feed(inputs, "i")
	if got := w.problems(); len(got) != 1 || got[0] != "tunnel ovn-hv2-0 to hv2@10.0.0.2: could not add network device" {
		t.Errorf("problems %q", got)
	}
	var tries []time.Duration
	for start := now; now.Sub(start) < 2*time.Minute; now = now.Add(250 * time.Millisecond) {
		if w.mendTunnels(now); w.mend {
			w.mend = false
			tries = append(tries, now.Sub(start))
		}
	}
	if len(tries) < 8 || len(tries) > 12 || tries[0] != minMend || tries[len(tries)-1]-tries[len(tries)-2] != maxMend {
		t.Errorf("tried after %v", tries)
	}
	works := 7
	loc.apply(vswitch.Changes{Interfaces: map[string]*vswitch.Interface{"i": {UUID: "i", Name: "ovn-hv2-0", Type: "geneve", Ofport: &works}}})
	loc.feed(inputs, "i")
	if w.mendTunnels(now.Add(time.Hour)); w.mend || len(w.problems()) != 0 {
		t.Error("a tunnel that works is tried again, or complained of")
	}
}
