package ofctrl

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digitalocean/go-openvswitch/ovs"
	"go.uber.org/goleak"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manyFlows are n flows of one table, each of its own match.
func manyFlows(n int) []Flow {
	flows := make([]Flow, n)
	var b ofp.MatchBuilder
	var a ofp.ActionBuilder
	for i := range flows {
		b.Reset()
		b.Set(ofp.Metadata, uint64(i%500)+1)
		b.Set(ofp.Reg(14), uint64(i))
		b.Set(ofp.EthDst, 0x020000000000+uint64(i))
		a.Reset()
		a.SetField(ofp.Reg(15), ofp.U64(uint64(i)))
		a.Resubmit(44)
		flows[i] = Flow{Table: uint8(8 + i%30), Priority: 50, Cookie: uint64(i), Match: b.Match(), Actions: a.Actions()}
	}
	return flows
}

// A zone is flushed before the flows of the same update are in.
func TestFlushZones(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1", "p2")
	c := start(t, Config{Target: sw.Mgmt()})
	commit := acts(func(b *ofp.ActionBuilder) {
		b.CT(ofp.CT{Commit: true, Zone: 7, Table: ofp.NoTable})
		b.CT(ofp.CT{Commit: true, Zone: 8, Table: ofp.NoTable})
		b.Output(2)
	})
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: []Flow{{Priority: 1, Match: protoMatch("udp"), Actions: commit}}}}})
	installedGen(t, c, 1)
	sw.Appctl("netdev-dummy/receive", "p1", "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=1,dst=2)")
	zones := func() string { return sw.Appctl("dpctl/dump-conntrack") }
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for z := zones(); !strings.Contains(z, "zone=7") || !strings.Contains(z, "zone=8"); z = zones() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("conntrack: %s", z)
		}
	}
	c.Update(Update{Gen: 2, FlushZones: []uint16{7}})
	installedGen(t, c, 2)
	if z := zones(); strings.Contains(z, "zone=7") || !strings.Contains(z, "zone=8") {
		t.Errorf("conntrack after flush: %s", z)
	}
}

// Nothing is deleted before the desired state is whole.
func TestIncompleteDeletesNothing(t *testing.T) {
	sw := ovstest.StartBridge(t)
	sw.AddDrop(9, 77, ovs.ProtocolIPv4)
	sw.Ofctl("add-group", "group_id=3,type=all,bucket=actions=local")
	c := start(t, Config{Target: sw.Mgmt()})
	c.Update(Update{Gen: 1, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(5)}}})
	installedGen(t, c, 1)
	if n := len(sw.Flows()); n != 6 {
		t.Errorf("%d flows, want 6", n)
	}
	c.Update(Update{Gen: 2, Complete: true})
	installedGen(t, c, 2)
	if n := len(sw.Flows()); n != 5 {
		t.Errorf("%d flows, want 5", n)
	}
	if g := sw.Ofctl("dump-groups"); strings.Contains(g, "group_id") {
		t.Errorf("groups are left: %s", g)
	}
}

// A restarted ovs-vswitchd gets everything back.
func TestVswitchdRestart(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	c := start(t, Config{Target: sw.Mgmt(), BackoffMax: 100 * time.Millisecond})
	c.Update(sampleUpdate(t, 3))
	installedGen(t, c, 3)
	want := strings.Join(sw.Flows(), "\n")
	sw.KillVswitchd()
	sw.StartVswitchd()
	installedGen(t, c, 3)
	if got := strings.Join(sw.Flows(), "\n"); got != want {
		t.Errorf("flows after restart\n%s\nwant\n%s", got, want)
	}
	if maps := sw.Ofctl("dump-tlv-map"); !strings.Contains(maps, "0x102") {
		t.Errorf("TLV map: %s", maps)
	}
	if st := c.Status(); !st.Synced || st.Connects != 2 || st.Disconnects != 1 {
		t.Errorf("status %+v", st)
	}
}

// What the switch refuses is left out, told, and the rest is installed; it is
// tried again when it is replaced, or when a group changes.
func TestRefused(t *testing.T) {
	sw := ovstest.StartBridge(t)
	var mu sync.Mutex
	told := map[string]error{}
	sw.AddDrop(1, 2, "") // in the place of one that is refused
	c := start(t, Config{Target: sw.Mgmt(), Refused: func(r Refusal) {
		mu.Lock()
		defer mu.Unlock()
		told[fmt.Sprintf("%s %s %d", r.Kind, r.Owner, r.Flow.Cookie)] = r.Err
	}})
	var b ofp.MatchBuilder
	b.Set(ofp.IPv4Src, 5) // without its prerequisite
	flows := append(manyFlows(50),
		Flow{Table: 1, Priority: 1, Cookie: 1001, Match: b.Match(), Actions: out(1)},
		Flow{Table: 1, Priority: 2, Cookie: 1002, Actions: acts(func(b *ofp.ActionBuilder) { b.Group(9) })},
		Flow{Table: 1, Priority: 3, Cookie: 1003, Actions: acts(func(b *ofp.ActionBuilder) {
			for range 8200 {
				b.Resubmit(1)
			}
		})},
	)
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: flows}}})
	installedGen(t, c, 1)
	waitStatus(t, c, func(s Status) bool { return s.Synced && s.Installed == 50 })
	st := c.Status()
	if len(st.Refused) != 3 {
		t.Errorf("refused %v, want 3", st.Refused)
	}
	if n := len(sw.Flows()); n != 50 {
		t.Errorf("%d flows, want 50", n)
	}
	mu.Lock()
	var e *ofp.Error
	if !errors.As(told["flow a 1001"], &e) || e.Name() != "OFPBMC_BAD_PREREQ" {
		t.Errorf("flow 1001: %v", told["flow a 1001"])
	}
	if !errors.As(told["flow a 1002"], &e) || e.Name() != "OFPBAC_BAD_OUT_GROUP" {
		t.Errorf("flow 1002: %v", told["flow a 1002"])
	}
	if !errors.Is(told["flow a 1003"], ErrTooLarge) {
		t.Errorf("flow 1003: %v", told["flow a 1003"])
	}
	mu.Unlock()

	g := ofp.GroupSpec{Type: ofp.GroupAllBuckets, Bucket: []ofp.Bucket{{Actions: out(ofp.PortLocal)}}}
	body, _ := g.Body()
	c.Update(Update{Gen: 2, Flows: []OwnerFlows{{Owner: "g", Groups: []Group{{9, body}}}}})
	installedGen(t, c, 2)
	waitStatus(t, c, func(s Status) bool { return s.Synced && s.Installed == 51 })
	mu.Lock()
	if told["flow a 1002"] != nil {
		t.Errorf("flow 1002 is still refused: %v", told["flow a 1002"])
	}
	mu.Unlock()
	c.Update(Update{Gen: 3, Flows: []OwnerFlows{{Owner: "g"}, {Owner: "a", Flows: flows[:50]}}})
	installedGen(t, c, 3)
	waitStatus(t, c, func(s Status) bool { return s.Synced && s.Installed == 50 && len(s.Refused) == 0 })
}

// A hundred bad flows among good ones do not cost a bundle of everything each.
func TestManyRefused(t *testing.T) {
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt(), Log: discard()})
	flows := manyFlows(2000)
	for i := range 100 {
		flows[i*20].Actions = acts(func(b *ofp.ActionBuilder) { b.Group(uint32(i)) })
	}
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: flows}}})
	installedGen(t, c, 1)
	waitStatus(t, c, func(s Status) bool { return s.Installed == 1900 })
	if n := len(sw.Flows()); n != 1900 {
		t.Errorf("%d flows, want 1900", n)
	}
}

// Updates that come faster than the switch takes them are joined.
func TestCoalesce(t *testing.T) {
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt()})
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "bulk", Flows: manyFlows(5000)}}})
	installedGen(t, c, 1)
	var last int64
	for i := range 2000 {
		last = int64(2 + i)
		c.Update(Update{Gen: last, Flows: []OwnerFlows{{Owner: "x", Flows: []Flow{{Table: 1, Priority: 1, Match: regMatch(uint64(i % 10)), Actions: out(uint32(i + 1))}}}}})
	}
	installedGen(t, c, last)
	n := c.Status().Counters
	if n.Bundles >= 1000 {
		t.Errorf("%d bundles for 2000 updates", n.Bundles)
	}
	if flows := sw.Flows(); len(flows) != 5001 {
		t.Errorf("%d flows, want 5001", len(flows))
	}
	t.Logf("2000 updates in %d bundles", n.Bundles)
}

// Groups and meters are added, changed and deleted around the flows that use
// them.
func TestGroupsAndMeters(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	c := start(t, Config{Target: sw.Mgmt()})
	body := func(weights ...uint16) ofp.GroupBody {
		g := ofp.GroupSpec{Type: ofp.GroupSelect, Select: "hash", Fields: []ofp.Field{ofp.IPv4Src, ofp.IPv4Dst}}
		for i, w := range weights {
			g.Bucket = append(g.Bucket, ofp.Bucket{ID: uint32(i), Weight: w, WatchPort: 1, Actions: out(1)})
		}
		b, err := g.Body()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	meter := func(rate uint32) ofp.MeterBody {
		return ofp.NewMeterBody(ofp.MeterPktps|ofp.MeterStats, ofp.MeterBand{Rate: rate})
	}
	use := []Flow{{Table: 1, Priority: 1, Actions: acts(func(b *ofp.ActionBuilder) { b.Meter(4); b.Group(8) })}}
	update := func(gen int64, g ofp.GroupBody, m ofp.MeterBody) Update {
		return Update{Gen: gen, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: use, Groups: []Group{{8, g}}, Meters: []Meter{{4, m}}}}}
	}
	c.Update(update(1, body(1, 2), meter(10)))
	installedGen(t, c, 1)
	if g := sw.Ofctl("dump-groups"); !strings.Contains(g, "group_id=8,type=select,selection_method=hash,fields(ip_src,ip_dst),bucket=bucket_id:0,watch_port:1,actions=output:1,bucket=bucket_id:1,weight:2") {
		t.Errorf("group: %s", g)
	}
	if m := sw.Ofctl("dump-meters"); !strings.Contains(m, "meter=4 pktps stats bands=\ntype=drop rate=10") {
		t.Errorf("meter: %s", m)
	}
	c.Update(update(2, body(5, 6, 7), meter(20)))
	installedGen(t, c, 2)
	if g := sw.Ofctl("dump-groups"); !strings.Contains(g, "weight:7") {
		t.Errorf("group: %s", g)
	}
	if m := sw.Ofctl("dump-meters"); !strings.Contains(m, "rate=20") {
		t.Errorf("meter: %s", m)
	}
	second := start(t, Config{Target: sw.Mgmt()})
	second.Update(update(2, body(5, 6, 7), meter(20)))
	installedGen(t, second, 2)
	if n := second.Status().Counters; n.FlowAdds+n.FlowDeletes+n.GroupMods+n.MeterMods != 0 {
		t.Errorf("unchanged state was sent again: %+v", n)
	}
	c.Update(Update{Gen: 3, Flows: []OwnerFlows{{Owner: "a"}}})
	installedGen(t, c, 3)
	if g, m := sw.Ofctl("dump-groups"), sw.Ofctl("dump-meters"); strings.Contains(g, "group_id") || strings.Contains(m, "meter=") {
		t.Errorf("left: %s %s", g, m)
	}
	if st := c.Status(); len(st.Refused) != 0 {
		t.Errorf("refused: %v", st.Refused)
	}
}

// A packet out reaches the pipeline with its fields, a controller action brings
// it in with userdata and registers, and a paused one goes on when resumed.
func TestPackets(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1", "p2")
	c := start(t, Config{Target: sw.Mgmt()})
	table := func(n uint8, fn func(b *ofp.ActionBuilder)) Flow {
		return Flow{Table: n, Priority: 1, Cookie: uint64(n), Actions: acts(fn)}
	}
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: []Flow{
		table(5, func(b *ofp.ActionBuilder) {
			b.SetField(ofp.Reg(3), ofp.U64(33))
			b.Controller(ofp.Controller{Userdata: []byte{1, 2, 3}, Pause: true})
			b.Resubmit(6)
		}),
		table(6, func(b *ofp.ActionBuilder) { b.Controller(ofp.Controller{Userdata: []byte{9}}) }),
	}}}})
	installedGen(t, c, 1)

	var b ofp.MatchBuilder
	b.Set(ofp.InPort, uint64(ofp.PortController))
	b.Set(ofp.Metadata, 7)
	b.Set(ofp.Reg(14), 4)
	b.Set(ofp.TunID, 99)
	packet := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5}, make([]byte, 50)...)
	po := &ofp.PacketOut{Fields: b.Match(), Packet: packet, Actions: acts(func(b *ofp.ActionBuilder) { b.Resubmit(5) })}
	deadline := time.After(20 * time.Second)
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for c.PacketOut(po) != nil { // until the packet connection is up
		select {
		case <-retry.C:
		case <-deadline:
			t.Fatal("no packet connection")
		}
	}
	receive := func() *ofp.PacketIn {
		t.Helper()
		select {
		case p := <-c.PacketIns():
			return p
		case <-deadline:
			t.Fatal("no packet came")
		}
		return nil
	}
	p := receive()
	if !bytes.Equal(p.Userdata, []byte{1, 2, 3}) || len(p.Continuation) == 0 || p.Reason != ofp.ReasonAction {
		t.Errorf("packet in %+v", p)
	}
	if !bytes.Equal(p.Packet, packet) {
		t.Errorf("packet %x, want %x", p.Packet, packet)
	}
	for f, want := range map[ofp.Field]uint64{ofp.Metadata: 7, ofp.Reg(14): 4, ofp.Reg(3): 33, ofp.TunID: 99, ofp.InPort: uint64(ofp.PortController), ofp.Reg(9): 0} {
		if got := p.Field(f); got != ofp.U64(want) {
			t.Errorf("%s is %v, want %d", f, got, want)
		}
	}
	b.Reset()
	if err := b.Load(p.Metadata); err != nil {
		t.Fatal(err)
	}
	b.Clear(ofp.Reg(3))
	b.Set(ofp.Reg(3), 34)
	p.Metadata = b.Match()
	if err := c.Resume(p); err != nil {
		t.Fatal(err)
	}
	p = receive()
	if !bytes.Equal(p.Userdata, []byte{9}) || p.Table != 6 || p.Cookie != 6 || p.Field(ofp.Reg(3)) != ofp.U64(34) || len(p.Continuation) != 0 {
		t.Errorf("packet in after resume %+v, fields %s", p, p.Metadata)
	}
	if st := c.Status(); st.PacketIns != 2 || st.PacketOuts != 1 || st.Resumes != 1 || st.PacketInDrops != 0 {
		t.Errorf("counters %+v", st.Counters)
	}
}

// Ports are told at connect and when they change.
func TestPortStatus(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	ports := make(chan ofp.PortStatus, 100)
	start(t, Config{Target: sw.Mgmt(), PortStatus: func(p ofp.PortStatus) { ports <- p }})
	expect := func(reason uint8, name string, no uint32) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			select {
			case p := <-ports:
				if p.Reason == reason && p.Port.Name == name && p.Port.No == no {
					return
				}
			case <-deadline:
				t.Fatalf("no word of %s", name)
			}
		}
	}
	expect(ofp.PortPresent, "p1", 1)
	sw.Vsctl("add-port", ovstest.Bridge, "p9", "--", "set", "interface", "p9", "type=dummy", "ofport_request=9")
	expect(ofp.PortAdded, "p9", 9)
	sw.DeletePort("p9")
	expect(ofp.PortDeleted, "p9", 9)
}

// Another TLV map in the place of ours makes way.
func TestTLVConflict(t *testing.T) {
	sw := ovstest.StartBridge(t)
	sw.Ofctl("add-tlv-map", "{class=0x7,type=0x7,len=8}->tun_metadata0")
	sw.Ofctl("add-flow", "table=9,tun_metadata0=5,actions=drop")
	c := start(t, Config{Target: sw.Mgmt(), Log: discard()})
	c.Update(sampleUpdate(t, 1))
	installedGen(t, c, 1)
	maps := sw.Ofctl("dump-tlv-map")
	if !strings.Contains(maps, "0x102") || strings.Contains(maps, "0x7") {
		t.Errorf("TLV map: %s", maps)
	}
}

// waitStatus waits until the status is as wanted.
func waitStatus(t testing.TB, c *Controller, ok func(Status) bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok(c.Status()) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("status: %+v", c.Status())
		}
	}
}

// TestTLVMapTaken: a map that somebody clears while we are connected comes again.
func TestTLVMapTaken(t *testing.T) {
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt(), Log: discard(), Audit: 20 * time.Millisecond, BackoffMin: time.Millisecond})
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(10)}}})
	installedGen(t, c, 1)
	sw.Ofctl("del-tlv-map")
	waitStatus(t, c, func(s Status) bool { return s.Disconnects == 1 && s.Synced })
	if maps := sw.Ofctl("dump-tlv-map"); !strings.Contains(maps, "0x102") {
		t.Errorf("TLV map: %s", maps)
	}
}
