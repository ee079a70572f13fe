package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// recordsConfig is that of a database in which clients may write what chassis own,
// but for what a chassis shows: shown tells of which rows.
func recordsConfig(c *clientv3.Client, shown func(schema.UUID) bool) Config {
	cfg := sbConfig(c)
	cfg.Records = "clients/"
	cfg.Authorize = func(_ Client, op string, t *schema.Table, cols []*schema.Column, row schema.Row) error {
		owned := slices.ContainsFunc(cols, func(c *schema.Column) bool { return c.Owner != "" })
		if op != "insert" && op != "delete" && owned && shown(row.RowUUID()) {
			return Errorf(ErrPermission, "a chassis's")
		}
		return nil
	}
	return cfg
}

func gone(db *DB, r schema.Row) Change {
	return Change{Table: db.Schema().TableOf(r), UUID: r.RowUUID()}
}

const chassisAdd = `{"op":"insert","table":"Encap","uuid-name":"e","row":{"type":"geneve","ip":"%[2]s","chassis_name":"%[1]s"}},` +
	`{"op":"insert","table":"Chassis","row":{"name":"%[1]s","hostname":"h","encaps":["named-uuid","e"],"external_ids":["map",[["vendor","v"]]]}}`

// contents is all that a database shows, but for what lies in it of records.
func contents(db *DB) string {
	var b strings.Builder
	for _, t := range db.Schema().Tables {
		if db.Virtual(t) {
			continue
		}
		for r := range db.Rows(t.Name) {
			fmt.Fprintf(&b, "%s %s %s\n", t.Name, r.RowUUID(), schema.EncodeRow(t, r, nil))
		}
	}
	return b.String()
}

// TestClientsWriteWhatChassisOwn: rows and columns that no chassis shows are as
// clients wrote them, for followers and after a restart too; a chassis that
// shows the same takes them over.
func TestClientsWriteWhatChassisOwn(t *testing.T) {
	c := testEtcd(t)
	cfg := recordsConfig(c, func(schema.UUID) bool { return false })
	db := openDB(t, cfg)
	follows := cfg
	follows.Guard = func() clientv3.Cmp { return clientv3.Cmp{} }
	follower := openDB(t, follows)
	dp := &sb.DatapathBinding{Header: id("dp"), TunnelKey: 1}
	pb := &sb.PortBinding{Header: id("pb"), LogicalPort: "vm1", Datapath: dp.UUID, TunnelKey: 1}
	mustWrite(t, db, Write{Rows: []Change{row(db, dp), row(db, pb)}})
	must := func(ops string) {
		t.Helper()
		if r := transact(db, ops); strings.Contains(r, "error") {
			t.Fatalf("%s: %s", ops, r)
		}
	}
	same := func() {
		t.Helper()
		if err := follower.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := openDB(t, cfg)
		for name, other := range map[string]*DB{"a follower": follower, "one that starts": again} {
			if got, want := contents(other), contents(db); got != want {
				t.Errorf("%s has\n%swant\n%s", name, got, want)
			}
		}
		if p := again.Problems(); len(p) > 0 {
			t.Error(p)
		}
		again.Close()
	}
	port := func() *sb.PortBinding { return db.Get("Port_Binding", pb.UUID).(*sb.PortBinding) }

	must(fmt.Sprintf(chassisAdd, "fake", "10.0.0.9"))
	must(`{"op":"insert","table":"Chassis_Private","row":{"name":"fake","external_ids":["map",[["a","b"]]]}}`)
	same()
	var fake *sb.Chassis
	for r := range db.Rows("Chassis") {
		fake = r.(*sb.Chassis)
	}
	bind := `{"op":"update","table":"Port_Binding","where":[["logical_port","==","vm1"]],"row":{"chassis":["uuid","` + fake.UUID.String() + `"],"up":%s}}`
	must(fmt.Sprintf(bind, "true"))
	same()
	next := *pb
	next.TunnelKey = 2
	mustWrite(t, db, Write{Rows: []Change{row(db, &next)}}) // northd writes its own columns only
	if p := port(); p.Chassis == nil || *p.Chassis != fake.UUID || !*p.Up || p.TunnelKey != 2 {
		t.Errorf("%+v", p)
	}
	must(fmt.Sprintf(bind, `["set",[]]`))
	if p := port(); p.Up != nil {
		t.Errorf("up is %v, wrote none", *p.Up)
	}
	same()
	must(`{"op":"insert","table":"MAC_Binding","row":{"logical_port":"vm1","ip":"1.1.1.1","mac":"00:00:00:00:00:01","datapath":["uuid","` + dp.UUID.String() + `"]}}`)
	if r := transact(db, `{"op":"insert","table":"MAC_Binding","row":{"logical_port":"vm1","ip":"1.1.1.2","datapath":["uuid","`+schema.NameUUID("no").String()+`"]}}`); !strings.Contains(r, ErrReferential) {
		t.Errorf("a MAC_Binding of no datapath: %s", r)
	}
	same()

	// A chassis claims the port, and another has the name and address of the fake one.
	self, enc := id("hv1"), &sb.Encap{Header: id("enc"), Type: "geneve", IP: "10.0.0.9", ChassisName: "hv1"}
	claimed := *pb
	claimed.Chassis = &self.UUID
	shows := []Change{row(db, enc), row(db, &sb.Chassis{Header: self, Name: "hv1", Encaps: []schema.UUID{enc.UUID}}), row(db, &claimed)}
	for _, d := range []*DB{follower, db} {
		if err := d.Present(t.Context(), 5, shows); err != nil {
			t.Fatal(err)
		}
	}
	if p := port(); *p.Chassis != self.UUID || db.Get("Chassis", fake.UUID) != nil || db.Snapshot().Len("Encap") != 1 || len(db.LeftOut()) != 0 {
		t.Errorf("%+v; %s%v", p, contents(db), db.LeftOut())
	}
	for _, d := range []*DB{follower, db} {
		if err := d.Present(t.Context(), 6, []Change{gone(db, pb), gone(db, enc), {Table: db.Schema().Table("Chassis"), UUID: self.UUID}}); err != nil {
			t.Fatal(err)
		}
	}
	if p := port(); p.Chassis != nil || p.Up == nil || *p.Up {
		t.Errorf("released: %+v", p)
	}
	same()
	must(`{"op":"delete","table":"Chassis_Private","where":[]},{"op":"delete","table":"MAC_Binding","where":[]}`)
	mustWrite(t, db, Write{Rows: []Change{gone(db, pb), gone(db, dp)}})
	same()
	if r, err := c.Get(t.Context(), "/weft/sb/", clientv3.WithPrefix()); err != nil || len(r.Kvs) != 0 {
		t.Errorf("left in etcd: %v", r.Kvs)
	}
}

// recordsWorld is a random history of clients, chassis and northd, seen by a leader
// and a follower.
type recordsWorld struct {
	t                *testing.T
	rt               *rapid.T
	leader, follower *DB
	shown            map[schema.UUID]Change // what chassis show
	dp               *sb.DatapathBinding
}

func (w *recordsWorld) write(c ...Change) { mustWrite(w.t, w.leader, Write{Rows: c}) }

// step does one thing. Names are few, so that all meet.
func (w *recordsWorld) step() {
	pick := func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(w.rt, what) }
	name := func() string { return fmt.Sprint("n", pick("name", 3)) }
	ip := func() string { return fmt.Sprint("ip", pick("ip", 3)) }
	port := func() *sb.PortBinding {
		n := pick("port", 3)
		return &sb.PortBinding{Header: id(fmt.Sprint("p", n)), LogicalPort: fmt.Sprint("p", n), Datapath: w.dp.UUID, TunnelKey: int64(n + 1)}
	}
	var chassis []schema.UUID
	for r := range w.leader.Rows("Chassis") {
		chassis = append(chassis, r.RowUUID())
	}
	some := func() string {
		if len(chassis) == 0 {
			return `["set",[]]`
		}
		return `["uuid","` + chassis[pick("chassis", len(chassis))].String() + `"]`
	}
	switch pick("what", 12) {
	case 0, 1:
		transact(w.leader, fmt.Sprintf(chassisAdd, name(), ip()))
	case 2:
		n := name()
		transact(w.leader, `{"op":"delete","table":"Chassis","where":[["name","==","`+n+`"]]}`)
		if w.shown[schema.NameUUID("c"+n)].New != nil { // the leader has it go: see Authorize
			w.show(gone(w.leader, &sb.Encap{Header: id("e" + n)}), gone(w.leader, &sb.Chassis{Header: id("c" + n)}))
		}
	case 3:
		transact(w.leader, fmt.Sprintf(`{"op":"update","table":"Port_Binding","where":[["logical_port","==","p%d"]],"row":{"chassis":%s,"up":%v}}`, pick("port", 3), some(), pick("up", 2) == 0))
	case 4:
		transact(w.leader, fmt.Sprintf(`{"op":"insert","table":"MAC_Binding","row":{"logical_port":"p","ip":"%s","mac":"m%d","datapath":["uuid","%s"]}}`, ip(), pick("mac", 9), w.dp.UUID))
	case 5:
		transact(w.leader, fmt.Sprintf(`{"op":"mutate","table":"Chassis","where":[["name","==","%s"]],"mutations":[["external_ids","insert",["map",[["k","%d"]]]]]}`, name(), pick("v", 3)))
	case 6:
		w.write(row(w.leader, port()))
	case 7:
		w.write(gone(w.leader, port()))
	case 8, 9:
		n, address := name(), ip()
		enc := &sb.Encap{Header: id("e" + n), Type: "geneve", IP: address, ChassisName: n}
		for _, c := range w.shown { // two chassis of an address are not shown at the same time
			if e, ok := c.New.(*sb.Encap); ok && e.IP == address && e.UUID != enc.UUID {
				return
			}
		}
		w.show(row(w.leader, enc), row(w.leader, &sb.Chassis{Header: id("c" + n), Name: n, Encaps: []schema.UUID{enc.UUID}}))
	case 10:
		p, n := port(), name()
		if w.shown[schema.NameUUID("c"+n)].New == nil {
			return
		}
		host := schema.NameUUID("c" + n)
		p.Chassis = &host
		w.show(row(w.leader, p))
	case 11:
		n := name()
		w.show(gone(w.leader, &sb.Encap{Header: id("e" + n)}), gone(w.leader, &sb.Chassis{Header: id("c" + n)}))
		w.show(gone(w.leader, port()))
	}
}

func (w *recordsWorld) show(list ...Change) {
	for _, c := range list {
		if w.shown[c.UUID] = c; c.New == nil {
			delete(w.shown, c.UUID)
		}
	}
	for _, c := range w.shown { // claims are presented again with their chassis
		p, ok := c.New.(*sb.PortBinding)
		if ok && slices.ContainsFunc(list, func(c Change) bool { return *p.Chassis == c.UUID }) {
			list = append(list, c)
		}
	}
	dbs := []*DB{w.leader, w.follower}
	if rapid.Bool().Draw(w.rt, "the follower first") {
		slices.Reverse(dbs)
	}
	for _, d := range dbs {
		if err := d.Present(w.t.Context(), 1, list); err != nil {
			w.rt.Fatal(err)
		}
	}
}

// TestRecordsAlike: whatever clients, chassis and northd do, followers and a server
// that starts have what the leader has.
func TestRecordsAlike(t *testing.T) {
	c := testEtcd(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		w := &recordsWorld{t: t, rt: rt, shown: map[schema.UUID]Change{}, dp: &sb.DatapathBinding{Header: id("dp"), TunnelKey: 1}}
		cfg := recordsConfig(c, func(id schema.UUID) bool { return w.shown[id].New != nil })
		cfg.Prefix = fmt.Sprintf("/weft/t%d/", n)
		follows := cfg
		follows.Guard = func() clientv3.Cmp { return clientv3.Cmp{} }
		open := func(cfg Config) *DB {
			db, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			return db
		}
		w.leader, w.follower = open(cfg), open(follows)
		defer w.leader.Close()
		defer w.follower.Close()
		w.write(row(w.leader, w.dp))
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			w.step()
		}
		if err := w.follower.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := open(cfg)
		defer again.Close()
		var all []Change
		for _, c := range w.shown {
			all = append(all, c)
		}
		if err := again.Present(t.Context(), 1, all); err != nil {
			t.Fatal(err)
		}
		if got, want := contents(w.follower), contents(w.leader); got != want {
			rt.Errorf("a follower has\n%swant\n%s", got, want)
		}
		if got, want := contents(again), contents(w.leader); got != want {
			rt.Errorf("one that starts has\n%swant\n%s%v", got, want, again.Problems())
		}
		for _, d := range []*DB{w.leader, again} {
			if p := d.Problems(); len(p) > 0 {
				rt.Error(p)
			}
		}
	})
}
