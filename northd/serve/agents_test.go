package serve

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func testAgents() *agents {
	return newAgents(sb.Schema(), slog.New(slog.DiscardHandler), func() time.Time { return time.UnixMilli(77) })
}

func put(key, value string, rev int64) keyEvent { return keyEvent{key, []byte(value), rev, rev} }

func TestAgentsFollowKeys(t *testing.T) {
	a := testAgents()
	chassis, port := schema.NameUUID("Chassis", "hv1"), schema.NewUUID()
	chassisKey := "/weft/chassis/hv1/Chassis/" + chassis.String()
	claimKey := "/weft/chassis/hv1/Port_Binding/" + port.String()
	claim := `{"chassis":"` + chassis.String() + `","up":true}`

	a.apply(keyBatch{prefix: sb.ChassisPrefix, whole: true, events: []keyEvent{
		put(claimKey, claim, 5),
		put(chassisKey, `{"name":"hv1","hostname":"host1"}`, 6),
		put("/weft/chassis/hv1/Nonsense/"+port.String(), `{}`, 7),
		put("/weft/chassis/hv2/Port_Binding/"+port.String(), `{"up":"maybe"}`, 8),
	}})
	id := rowID{a.schema.Table("Port_Binding"), port}
	if r := a.of(id); len(r) != 1 || r[0].chassis != "hv1" || r[0].rev != 5 || !*r[0].row.(*sb.PortBinding).Up {
		t.Fatalf("claims %+v", r)
	}
	if len(a.bad) != 2 {
		t.Errorf("bad keys %v, want the unknown table and the bad column", a.bad)
	}
	if got := a.chassisNamed("host1"); got != "hv1" {
		t.Errorf("host1 is %q", got)
	}
	if got := a.take(); len(got) != 2 || got[0].table.Name != "Chassis" {
		t.Errorf("touched %v", got)
	}

	// A value that cannot be read is as good as none, until it can be.
	a.apply(keyBatch{prefix: sb.ChassisPrefix, events: []keyEvent{put(claimKey, `{`, 9)}})
	if r := a.of(id); len(r) != 0 || a.bad[claimKey] == "" {
		t.Errorf("claims after a broken write %+v, reported %v", r, a.bad)
	}
	a.apply(keyBatch{prefix: sb.ChassisPrefix, events: []keyEvent{put(claimKey, claim, 10)}})
	if r := a.of(id); len(r) != 1 || a.bad[claimKey] != "" {
		t.Errorf("claims after it was repaired %+v, reported %v", r, a.bad)
	}
	// What a new complete reading lacks is gone.
	a.apply(keyBatch{prefix: sb.ChassisPrefix, whole: true, events: []keyEvent{put(chassisKey, `{"name":"hv1"}`, 6)}})
	if r := a.of(id); len(r) != 0 {
		t.Errorf("claims after a reading without any %+v", r)
	}
	if len(a.keys) != 1 {
		t.Errorf("keys %v", a.keys)
	}
}

func TestAgentsStatus(t *testing.T) {
	a := testAgents()
	a.apply(keyBatch{prefix: sb.StatusPrefix, whole: true, events: []keyEvent{put("/weft/status/hv1", `{"nb_cfg":3,"view":9}`, 10)}})
	if a.status["hv1"].View != 9 || a.cfg["hv1"] != (cfgSeen{3, 77}) {
		t.Errorf("status %+v, cfg %+v", a.status, a.cfg)
	}
	if got := a.take(); len(got) != 1 || got[0].uuid != schema.NameUUID("Chassis_Private", "hv1") {
		t.Errorf("touched %v", got)
	}
	a.apply(keyBatch{prefix: sb.StatusPrefix, whole: true})
	if len(a.status) != 0 {
		t.Errorf("status %+v after it was deleted", a.status)
	}
}

// TestRequestedByHostName: finding a chassis by its host name costs the same
// however many ports and claims there are.
func TestRequestedByHostName(t *testing.T) {
	a := testAgents()
	for _, c := range []struct{ name, host string }{{"hv2", "twin"}, {"hv1", "twin"}, {"hv3", "other"}} {
		id := schema.NameUUID("Chassis", c.name)
		a.apply(keyBatch{prefix: sb.ChassisPrefix, events: []keyEvent{
			put(sb.RecordKey(c.name, "Chassis", id), `{"name":"`+c.name+`","hostname":"`+c.host+`"}`, 1)}})
	}
	for name, want := range map[string]string{"hv2": "hv2", "twin": "hv1", "other": "hv3", "nobody": "nobody", "": ""} {
		if got := a.chassisNamed(name); got != want {
			t.Errorf("%q is chassis %q, want %q", name, got, want)
		}
	}
	few := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			a.chassisNamed("other")
		}
	}).NsPerOp()
	for n := range 20_000 {
		a.set(rowID{sb.Schema().Table("Port_Binding"), schema.NameUUID(fmt.Sprint(n))}, record{chassis: "hv1", row: &sb.PortBinding{}})
	}
	many := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			a.chassisNamed("other")
		}
	}).NsPerOp()
	if many > 20*few+1000 {
		t.Errorf("%d ns with 20,000 claims, %d ns with none", many, few)
	}
}
