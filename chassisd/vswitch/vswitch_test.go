package vswitch

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
	"go.uber.org/goleak"

	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// state is what a reader of the feed knows.
type state struct {
	t    *testing.T
	conn *Conn
	last Changes

	open    map[string]*OpenvSwitch
	bridges map[string]*Bridge
	ports   map[string]*Port
	ifaces  map[string]*Interface
	sets    map[string]*CollectorSet
}

func follow(t *testing.T, target string) *state {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	conn := New(Config{Target: target, Probe: 200 * time.Millisecond, MaxBackoff: 100 * time.Millisecond})
	done := make(chan struct{})
	go func() { defer close(done); conn.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return &state{
		t: t, conn: conn,
		open: map[string]*OpenvSwitch{}, bridges: map[string]*Bridge{},
		ports: map[string]*Port{}, ifaces: map[string]*Interface{},
		sets: map[string]*CollectorSet{},
	}
}

func apply[T any](have, ch map[string]*T) {
	for k, v := range ch {
		if v == nil {
			delete(have, k)
		} else {
			have[k] = v
		}
	}
}

// until takes changes until ok says that they are enough.
func (s *state) until(what string, ok func() bool) {
	s.t.Helper()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for !ok() {
		select {
		case ch := <-s.conn.Changes():
			s.last = ch
			apply(s.open, ch.Open)
			apply(s.bridges, ch.Bridges)
			apply(s.ports, ch.Ports)
			apply(s.ifaces, ch.Interfaces)
			apply(s.sets, ch.CollectorSets)
		case <-timeout.C:
			s.t.Fatalf("waiting for %s", what)
		}
	}
}

func (s *state) bridge(name string) *Bridge {
	for _, b := range s.bridges {
		if b.Name == name {
			return b
		}
	}
	return nil
}

func (s *state) iface(name string) *Interface {
	for _, i := range s.ifaces {
		if i.Name == name {
			return i
		}
	}
	return nil
}

func (s *state) row() *OpenvSwitch {
	for _, o := range s.open {
		return o
	}
	return nil
}

func (s *state) commit(txn *Txn) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.conn.Commit(ctx, txn); err != nil {
		s.t.Fatal(err)
	}
}

func TestBridgeAndPorts(t *testing.T) {
	ovs := ovstest.Start(t, "system-id=hv1")
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := follow(t, ovs.DB())
	s.until("the first reading", func() bool { return s.last.Synced && s.row() != nil })
	if got := s.row().ExternalIDs["system-id"]; got != "hv1" {
		t.Fatalf("system-id %q", got)
	}

	var txn Txn
	txn.CreateBridge(s.row(), BridgeSpec{Name: "br-int", DatapathType: "netdev"})
	stale := s.row()
	s.commit(&txn)
	s.until("br-int", func() bool { return s.bridge("br-int") != nil && s.iface("br-int") != nil })
	br := s.bridge("br-int")
	if br.DatapathType != "netdev" || br.FailMode == nil || *br.FailMode != "secure" || br.OtherConfig["disable-in-band"] != "true" {
		t.Errorf("bridge is %+v", br)
	}

	// A second creation from an old view of the database is refused.
	var again Txn
	again.CreateBridge(stale, BridgeSpec{Name: "br-int2"})
	if err := s.conn.Commit(context.Background(), &again); err == nil {
		t.Error("a bridge was created over a change of the row")
	}

	var tun Txn
	tun.AddPort(br.UUID, PortSpec{
		Name: "ovn-hv2-0", Type: "geneve",
		Options:     map[string]string{"remote_ip": "10.0.0.2", "key": "flow", "csum": "true"},
		ExternalIDs: map[string]string{"ovn-chassis-id": "hv2@10.0.0.2"},
	})
	s.commit(&tun)
	s.until("the tunnel's ofport", func() bool {
		i := s.iface("ovn-hv2-0")
		return i != nil && i.Ofport != nil && *i.Ofport > 0
	})

	var opt Txn
	opt.SetOptions(s.iface("ovn-hv2-0").UUID, map[string]string{"remote_ip": "10.0.0.2", "key": "flow"})
	s.commit(&opt)
	s.until("the options", func() bool { _, ok := s.iface("ovn-hv2-0").Options["csum"]; return !ok })

	var del Txn
	for _, p := range s.ports {
		if p.Name == "ovn-hv2-0" {
			del.DeletePort(br.UUID, p.UUID)
		}
	}
	s.commit(&del)
	s.until("the tunnel to go", func() bool { return s.iface("ovn-hv2-0") == nil })
}

func TestFixBridge(t *testing.T) {
	ovs := ovstest.Start(t)
	ovs.Vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "fail_mode=standalone", "external_ids:mine=1")
	s := follow(t, ovs.DB())
	s.until("br-int", func() bool { return s.bridge("br-int") != nil })
	var txn Txn
	txn.FixBridge(s.bridge("br-int"), BridgeSpec{Name: "br-int"})
	s.commit(&txn)
	s.until("the repair", func() bool {
		b := s.bridge("br-int")
		return b.FailMode != nil && *b.FailMode == "secure" && b.OtherConfig["disable-in-band"] == "true"
	})
	var none Txn
	none.FixBridge(s.bridge("br-int"), BridgeSpec{Name: "br-int"})
	if !none.Empty() {
		t.Errorf("a bridge that is right is changed: %v", none.ops)
	}
}

func TestExternalIDs(t *testing.T) {
	ovs := ovstest.Start(t)
	ovs.Vsctl("add-br", "br-int", "--", "add-port", "br-int", "p1", "--",
		"set", "interface", "p1", "external_ids:iface-id=vm1", "external_ids:ovn-installed=false")
	s := follow(t, ovs.DB())
	s.until("p1", func() bool { return s.iface("p1") != nil })
	var txn Txn
	txn.InterfaceIDs(s.iface("p1"), map[string]string{"ovn-installed": "true", "ovn-installed-ts": "7"}, nil)
	txn.BridgeIDs(s.bridge("br-int"), map[string]string{"ct-zone-vm1": "1"}, []string{"ct-zone-old"})
	txn.OpenConfig(s.row(), map[string]string{"vlan-limit": "0"}, nil)
	s.commit(&txn)
	want := map[string]string{"iface-id": "vm1", "ovn-installed": "true", "ovn-installed-ts": "7"}
	s.until("the ids", func() bool { return s.iface("p1").ExternalIDs["ovn-installed-ts"] == "7" })
	if diff := cmp.Diff(want, s.iface("p1").ExternalIDs); diff != "" {
		t.Error(diff)
	}
	var off Txn
	off.InterfaceIDs(s.iface("p1"), nil, []string{"ovn-installed"})
	s.commit(&off)
	s.until("ovn-installed to go", func() bool { _, ok := s.iface("p1").ExternalIDs["ovn-installed"]; return !ok })
	if s.iface("p1").ExternalIDs["iface-id"] != "vm1" {
		t.Error("iface-id was lost")
	}
}

// TestCollectorSets: they come with the bridge that they are of, with numbers
// as large as the database lets them be, and go.
func TestCollectorSets(t *testing.T) {
	ovs := ovstest.Start(t)
	ovs.Vsctl("add-br", "br-int", "--", "--id=@b", "get", "bridge", "br-int", "--",
		"create", "Flow_Sample_Collector_Set", "id=4294967295", "bridge=@b")
	s := follow(t, ovs.DB())
	s.until("the set", func() bool { return len(s.sets) == 1 })
	for _, c := range s.sets {
		if c.ID != 4294967295 || c.Bridge != s.bridge("br-int").UUID {
			t.Errorf("set %+v of bridge %s", c, s.bridge("br-int").UUID)
		}
	}
	ovs.Vsctl("--", "--id=@b", "get", "bridge", "br-int", "--", "create", "Flow_Sample_Collector_Set", "id=0", "bridge=@b")
	s.until("a second one", func() bool { return len(s.sets) == 2 })
	ovs.Vsctl("--all", "destroy", "Flow_Sample_Collector_Set")
	s.until("them to go", func() bool { return len(s.sets) == 0 })
}

// TestServerRestart: rows stay while the server is away; afterwards only what
// differs is told.
func TestServerRestart(t *testing.T) {
	ovs := ovstest.Start(t)
	ovs.Vsctl("add-br", "br-int", "--", "add-port", "br-int", "p1", "--", "add-port", "br-int", "p2", "--", "add-br", "br-x")
	s := follow(t, ovs.DB())
	s.until("the ports", func() bool { return s.iface("p1") != nil && s.iface("p2") != nil })

	ovs.KillVswitchd() // it would write when it comes back
	ovs.KillDB()
	s.until("the loss", func() bool { return !s.last.Connected })
	if s.last.Err == nil || s.iface("p1") == nil {
		t.Errorf("loss told as %v, p1 %v", s.last.Err, s.iface("p1"))
	}
	if err := s.conn.Commit(context.Background(), &Txn{ops: deleteAll()}); err != ErrNotConnected {
		t.Errorf("a write without a connection: %v", err)
	}
	ovs.StartDB()
	ovs.Vsctl("--no-wait", "del-port", "br-int", "p2", "--", "add-port", "br-int", "p3")
	s.until("the return", func() bool { return s.last.Connected && s.iface("p2") == nil && s.iface("p3") != nil })
	for _, b := range s.last.Bridges {
		if b != nil && b.Name == "br-x" {
			t.Error("br-x did not change and is told again")
		}
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for _, i := range s.ifaces {
			if !yield(i.Name) {
				return
			}
		}
	})
	if diff := cmp.Diff([]string{"br-int", "br-x", "p1", "p3"}, names); diff != "" {
		t.Error(diff)
	}
}

// TestMerge: a reader that sleeps gets one value with the last state of all.
func TestMerge(t *testing.T) {
	a := Changes{Connected: true, Interfaces: map[string]*Interface{"1": {Name: "x"}, "2": {Name: "y"}},
		CollectorSets: map[string]*CollectorSet{"1": {ID: 1}}}
	b := Changes{Connected: false, Interfaces: map[string]*Interface{"1": nil, "3": {Name: "z"}},
		CollectorSets: map[string]*CollectorSet{"1": nil, "2": {ID: 2}}}
	m := merge(merge(nil, a), b)
	if m.Connected || m.Interfaces["1"] != nil || len(m.Interfaces) != 3 || m.CollectorSets["1"] != nil || len(m.CollectorSets) != 2 {
		t.Errorf("merged to %+v", m)
	}
	if got := slices.Sorted(maps.Keys(m.Interfaces)); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("rows %v", got)
	}
}

func TestDatapathType(t *testing.T) {
	for _, c := range []struct {
		types  []string
		kernel bool
		want   string
	}{
		{nil, false, "netdev"},
		{nil, true, "system"},
		{[]string{"netdev", "system"}, true, "system"},
		{[]string{"netdev", "system"}, false, "netdev"},
		{[]string{"netdev"}, true, "netdev"},
	} {
		if got := DatapathType(c.types, c.kernel); got != c.want {
			t.Errorf("%v, kernel %v: %s, want %s", c.types, c.kernel, got, c.want)
		}
	}
}

func deleteAll() []ovsdb.Operation {
	return []ovsdb.Operation{{Op: ovsdb.OperationDelete, Table: tableBr, Where: byUUID("x")}}
}
