package ofctrl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digitalocean/go-openvswitch/ovs"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// Drift made by hand is put right at the next connect, and counted.
func TestDriftAtReconnect(t *testing.T) {
	sw := ovstest.StartBridge(t)
	flows := manyFlows(100)
	u := Update{Gen: 7, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: flows}}}
	ctx, cancel := context.WithCancel(context.Background())
	c := New(Config{Target: sw.Mgmt()})
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	c.Update(u)
	installedGen(t, c, 7)
	want := strings.Join(sw.Flows(), "\n")
	cancel()
	<-done

	sw.DeleteFlows(8)                                                                  // some of ours
	sw.AddDrop(9, 77, ovs.ProtocolIPv4)                                                // a foreign one
	sw.Ofctl("add-flow", "table=9,priority=1,idle_timeout=1000,actions=goto_table:11") // of another kind
	sw.Ofctl("mod-flows", "table=10,actions=drop")                                     // ours altered
	sw.Ofctl("add-flow", "table=11,priority=5,dl_type=0x894f,nsh_si=5,actions=drop")   // a field that we do not know

	second := start(t, Config{Target: sw.Mgmt()})
	second.Update(u)
	installedGen(t, second, 7)
	if got := strings.Join(sw.Flows(), "\n"); got != want {
		t.Errorf("flows after reconnect\n%s\nwant\n%s", got, want)
	}
	n := second.Status().Counters
	if n.FlowAdds != 8 || n.FlowDeletes != 3 {
		t.Errorf("%d adds and %d deletes, want 8 and 3", n.FlowAdds, n.FlowDeletes)
	}
}

// Changes that others make are put right at once, and counted.
func TestDriftRepaired(t *testing.T) {
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt(), Audit: 50 * time.Millisecond, LearnTables: []uint8{70}})
	u := sampleUpdate(t, 1)
	u.Flows = append(u.Flows, OwnerFlows{Owner: "many", Flows: manyFlows(300)})
	c.Update(u)
	installedGen(t, c, 1)
	if n := c.Status().Drift.Total(); n != 0 {
		t.Errorf("drift %d after our own changes", n)
	}
	want := sw.Flows()
	sw.DeleteFlows(8)
	sw.Ofctl("mod-flows", "table=9,actions=drop")
	sw.AddDrop(9, 77, ovs.ProtocolIPv4)
	sw.Ofctl("add-flow", "table=9,priority=78,dl_type=0x894f,nsh_si=5,actions=goto_table:11")
	sw.Ofctl("add-flow", "table=70,priority=5,ip,idle_timeout=1000,actions=drop") // as if learned
	sw.Ofctl("del-groups")
	sw.Ofctl("add-group", "group_id=77,type=all,bucket=actions=local")
	sw.Ofctl("mod-meter", "meter=1,pktps,stats,bands=type=drop,rate=99")
	waitStatus(t, c, func(s Status) bool { return s.Synced && s.GroupMods == 3 && s.MeterMods == 2 })
	want = append(want, "table=70, priority=5,ip actions=drop")
	for _, l := range sw.Flows() {
		l = strings.Replace(l, "idle_timeout=1000, ", "", 1)
		if i := slices.Index(want, l); i >= 0 {
			want = slices.Delete(want, i, i+1)
		} else {
			t.Errorf("too much: %s", l)
		}
	}
	for _, l := range want {
		t.Errorf("missing: %s", l)
	}
	if g := sw.Ofctl("dump-groups"); !strings.Contains(g, "group_id=1,") || strings.Contains(g, "group_id=77") {
		t.Errorf("groups: %s", g)
	}
	st := c.Status()
	t.Logf("%+v", st.Counters)
	if st.Drift.Total() == 0 || len(st.Refused) != 0 {
		t.Errorf("status %+v", st)
	}
}

// The switch tells of groups and meters that others change: nobody waits for an audit.
func TestDriftTold(t *testing.T) {
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt(), Audit: 40 * time.Second})
	u := sampleUpdate(t, 1)
	c.Update(u)
	installedGen(t, c, 1)
	want := sw.Ofctl("dump-groups") + sw.Ofctl("dump-meters")
	for _, change := range [][]string{
		{"mod-group", "group_id=1,type=all,bucket=actions=local"},
		{"add-group", "group_id=77,type=all,bucket=actions=local"},
		{"mod-meter", "meter=1,pktps,stats,bands=type=drop,rate=99"},
	} {
		before := c.Status()
		sw.Ofctl(change[0], change[1:]...)
		done := time.Now()
		waitStatus(t, c, func(s Status) bool { return s.Synced && s.Drift.Total() > before.Drift.Total() })
		if took := time.Since(done); took > 10*time.Second {
			t.Errorf("%v: put right after %v", change, took)
		}
		if got := sw.Ofctl("dump-groups") + sw.Ofctl("dump-meters"); got != want {
			t.Errorf("%v: not put right\n%s\nwant\n%s", change, got, want)
		}
	}
}

// Twenty flows deleted, altered and added by hand, and twenty groups and meters
// of each kind, are put right within 5 s and counted by kind.
func TestDriftKinds(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	c := start(t, Config{Target: sw.Mgmt()})
	owner := OwnerFlows{Owner: "a", Flows: manyFlows(300)}
	for i := range uint32(60) {
		body, err := (&ofp.GroupSpec{Type: ofp.GroupAllBuckets, Bucket: []ofp.Bucket{{ID: i, Actions: out(1)}}}).Body()
		if err != nil {
			t.Fatal(err)
		}
		owner.Groups = append(owner.Groups, Group{i + 1, body})
		owner.Meters = append(owner.Meters, Meter{i + 1, ofp.NewMeterBody(ofp.MeterPktps|ofp.MeterStats, ofp.MeterBand{Rate: i + 1})})
		use := acts(func(b *ofp.ActionBuilder) { b.Meter(i + 1); b.Group(i + 1) })
		owner.Flows = append(owner.Flows, Flow{Table: 1, Priority: 1, Match: regMatch(uint64(i)), Actions: use})
	}
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{owner}})
	installedGen(t, c, 1)
	state := func() string {
		flows, groups := sw.Flows(), strings.Split(sw.Ofctl("dump-groups"), "\n")[1:]
		meters := strings.Split(sw.Ofctl("dump-meters"), "meter=")[1:]
		slices.Sort(flows)
		slices.Sort(groups)
		for i := range meters {
			meters[i] = strings.TrimSpace(meters[i])
		}
		slices.Sort(meters)
		return strings.Join(slices.Concat(flows, groups, meters), "\n")
	}
	want := state()

	var add, del, mod strings.Builder
	for i := range 20 {
		f := owner.Flows[i]
		fmt.Fprintf(&del, "delete_strict table=%d,%s\n", f.Table, ofp.FlowMatchString(f.Priority, f.Match))
		f = owner.Flows[100+i]
		fmt.Fprintf(&mod, "cookie=5,table=%d,%s,actions=drop\n", f.Table, ofp.FlowMatchString(f.Priority, f.Match))
		fmt.Fprintf(&add, "table=%d,priority=777,actions=drop\n", i)
	}
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	each := func(from int, do func(i int)) {
		for i := range 20 {
			do(from + i)
		}
	}
	steps := []struct {
		what string
		do   func()
		want Drift
	}{
		{"flows", func() {
			sw.Ofctl("add-flows", file("del", del.String()))
			sw.Ofctl("add-flows", file("mod", mod.String()))
			sw.Ofctl("add-flows", file("add", add.String()))
		}, Drift{FlowsMissing: 20, FlowsAltered: 20, FlowsForeign: 20}},
		{"groups", func() {
			each(1, func(i int) { sw.Ofctl("del-groups", fmt.Sprintf("group_id=%d", i)) })
			each(21, func(i int) { sw.Ofctl("mod-group", fmt.Sprintf("group_id=%d,type=indirect,bucket=actions=local", i)) })
			each(1000, func(i int) { sw.Ofctl("add-group", fmt.Sprintf("group_id=%d,type=select,bucket=actions=local", i)) })
		}, Drift{FlowsMissing: 20, Groups: 60}},
		{"meters", func() {
			each(1, func(i int) { sw.Ofctl("del-meter", fmt.Sprintf("meter=%d", i)) })
			each(21, func(i int) { sw.Ofctl("mod-meter", fmt.Sprintf("meter=%d,pktps,stats,bands=type=drop,rate=9999", i)) })
			each(1000, func(i int) { sw.Ofctl("add-meter", fmt.Sprintf("meter=%d,kbps,bands=type=drop,rate=9999", i)) })
		}, Drift{FlowsMissing: 20, Meters: 60}},
	}
	for _, step := range steps {
		before := c.Status().Drift
		step.do()
		done := time.Now()
		goal := before
		goal.add(step.want)
		waitStatus(t, c, func(s Status) bool { return s.Synced && s.Drift == goal })
		if took := time.Since(done); took > 5*time.Second {
			t.Errorf("%s: put right after %v", step.what, took)
		}
		if got := state(); got != want {
			t.Errorf("%s: not put right\n%s\nwant\n%s", step.what, got, want)
		}
	}
	if st := c.Status(); st.Refusals != 0 {
		t.Errorf("refusals: %+v", st)
	}
}
