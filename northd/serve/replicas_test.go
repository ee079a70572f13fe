package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/ovsdb"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
	"github.com/weft-sdn/weft/store/etcd"
)

// southbounds are two servers of one Southbound database: the first writes, the
// second follows.
type southbounds struct {
	t     *testing.T
	rng   *rand.Rand
	dbs   []*store.DB
	paths []string
	turns []*store.Readers // one place each
}

// owners of flows, of which each may be a datapath, a group, both or neither, and
// chassis.
var (
	ownerIDs   = named("owner", 5)
	chassisIDs = named("chassis", 3)
)

func named(name string, n int) (ids []schema.UUID) {
	for i := range n {
		ids = append(ids, schema.NameUUID(name, fmt.Sprint(i)))
	}
	return ids
}

func startSouthbounds(t *testing.T, seed uint64) *southbounds {
	t.Helper()
	s := &southbounds{t: t, rng: rand.New(rand.NewPCG(seed, 1))}
	e := startEtcd(t)
	for i := range 2 {
		limits := store.Limits(etcd.EmbeddedLimits())
		limits.RequestBytes = 18 << 10 // 16 kB of them are reserved: many a write is split
		readers := store.NewReaders(1)
		common := store.Config{Client: e.Client, Limits: limits, Readers: readers}
		if i == 1 {
			common.Guard = func() clientv3.Cmp { return clientv3.Cmp{} }
		}
		northbound, southbound, err := openBoth(t.Context(), common, newOwners())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { northbound.Close(); southbound.Close() })
		srv, err := ovsdb.New(ovsdb.Config{Databases: []*store.DB{southbound}, Readers: readers})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "s")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- srv.Serve(ctx, ln) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		s.dbs, s.paths, s.turns = append(s.dbs, southbound), append(s.paths, path), append(s.turns, readers)
	}
	return s
}

// write makes a write of some changes to what is there.
func (s *southbounds) write() store.Write {
	w := store.Write{Split: true}
	snap := s.dbs[0].Snapshot()
	datapath := map[schema.UUID]bool{}
	for _, id := range ownerIDs {
		datapath[id] = snap.Get("Datapath_Binding", id) != nil
	}
	put := func(table string, id schema.UUID, row schema.Row) {
		old := snap.Get(table, id)
		if table == "Datapath_Binding" {
			datapath[id] = row != nil
		}
		w.Rows = slices.DeleteFunc(w.Rows, func(c store.Change) bool { return c.UUID == id && c.Table.Name == table })
		if old != nil || row != nil {
			w.Rows = append(w.Rows, store.Change{Table: sb.Schema().Table(table), UUID: id, Old: old, New: row})
		}
	}
	for range 1 + s.rng.IntN(4) {
		id := ownerIDs[s.rng.IntN(len(ownerIDs))]
		switch s.rng.IntN(7) {
		case 0: // all of an owner goes
			put("Logical_DP_Group", id, nil)
			s.datapath(snap, put, id, false)
			s.flows(&w, id, nil)
		case 1: // a group comes, with flows
			put("Logical_DP_Group", id, s.group(id))
			s.flows(&w, id, s.units())
		case 2:
			s.datapath(snap, put, id, !datapath[id])
		case 3: // a group comes, goes, or has other datapaths
			if s.rng.IntN(2) == 0 {
				put("Logical_DP_Group", id, nil)
			} else {
				put("Logical_DP_Group", id, s.group(id))
			}
		case 4, 5:
			s.flows(&w, id, s.units())
		case 6: // ports
			if datapath[id] {
				s.ports(snap, put, id)
			}
		}
	}
	return w
}

func (s *southbounds) group(id schema.UUID) schema.Row {
	g := &sb.LogicalDPGroup{Header: schema.Header{UUID: id}}
	for _, dp := range ownerIDs {
		if s.rng.IntN(2) == 0 {
			g.Datapaths = append(g.Datapaths, dp) // a reference to what is not there is cleared
		}
	}
	slices.SortFunc(g.Datapaths, schema.UUID.Compare)
	return g
}

func (s *southbounds) datapath(snap *store.Snapshot, put func(string, schema.UUID, schema.Row), id schema.UUID, comes bool) {
	if comes {
		put("Datapath_Binding", id, &sb.DatapathBinding{Header: schema.Header{UUID: id}, TunnelKey: int64(1 + slices.Index(ownerIDs, id))})
		s.ports(snap, put, id)
		return
	}
	put("Datapath_Binding", id, nil)
	for _, port := range portsOf(id) {
		put("Port_Binding", port, nil)
	}
}

func portsOf(dp schema.UUID) []schema.UUID { return named("port"+dp.String(), 3) }

func (s *southbounds) ports(snap *store.Snapshot, put func(string, schema.UUID, schema.Row), dp schema.UUID) {
	for i, id := range portsOf(dp) {
		if s.rng.IntN(2) == 0 {
			put("Port_Binding", id, nil)
			continue
		}
		row := &sb.PortBinding{Header: schema.Header{UUID: id}, Datapath: dp, TunnelKey: int64(i + 1), LogicalPort: id.String(),
			Options: map[string]string{"a": fmt.Sprint(s.rng.IntN(3)), fmt.Sprint(s.rng.IntN(3)): "b"}}
		if chassis := chassisIDs[s.rng.IntN(len(chassisIDs))]; snap.Get("Chassis", chassis) != nil {
			row.RequestedChassis = &chassis
		}
		put("Port_Binding", id, row)
	}
}

// units are some of flows that differ in what their UUIDs have of them, or not.
func (s *southbounds) units() (units []sb.Unit) {
	for i := range 6 {
		if s.rng.IntN(3) == 0 {
			continue
		}
		var flows []sb.Flow
		for p := range 1 + s.rng.IntN(3) {
			flows = append(flows, sb.Flow{Priority: uint16(p), Match: fmt.Sprint("m", s.rng.IntN(2)), Actions: "next;", Stage: "s", Source: fmt.Sprint(s.rng.IntN(3))})
		}
		units = append(units, sb.Unit{Name: fmt.Sprint("u", i), Chunk: sb.EncodeFlows(flows)})
	}
	return units
}

// flows puts units into one bucket or two.
func (s *southbounds) flows(w *store.Write, owner schema.UUID, units []sb.Unit) {
	in := map[string][]sb.Unit{}
	bits := s.rng.IntN(2)
	for _, u := range units {
		path := sb.BucketPath(owner, sb.HashUnit(u.Name), bits)
		in[path] = append(in[path], u)
	}
	for _, path := range []string{sb.BucketPath(owner, 0, 0), sb.BucketPath(owner, 0, 1), sb.BucketPath(owner, 1<<63, 1)} {
		b := store.BlobChange{Path: path}
		if len(in[path]) > 0 {
			b.New = sb.EncodeUnits(in[path])
		}
		w.Blobs = append(slices.DeleteFunc(w.Blobs, func(b store.BlobChange) bool { return b.Path == path }), b)
	}
	slices.SortFunc(w.Blobs, compareBlobs)
}

// present shows chassis that come and go, and whose ports they have.
func (s *southbounds) present() {
	s.t.Helper()
	snap := s.dbs[0].Snapshot()
	var changes []store.Change
	show := func(table string, id schema.UUID, row schema.Row) {
		changes = append(changes, store.Change{Table: sb.Schema().Table(table), UUID: id, New: row})
	}
	for i, id := range chassisIDs {
		encap := schema.NameUUID("encap", id.String())
		switch s.rng.IntN(3) {
		case 0:
			show("Chassis", id, nil)
			show("Encap", encap, nil)
		case 1:
			show("Chassis", id, &sb.Chassis{Header: schema.Header{UUID: id}, Name: fmt.Sprint("hv", i), Hostname: fmt.Sprint(s.rng.IntN(3)), Encaps: []schema.UUID{encap}})
			show("Encap", encap, &sb.Encap{Header: schema.Header{UUID: encap}, Type: "geneve", IP: fmt.Sprint("10.0.0.", i), ChassisName: fmt.Sprint("hv", i)})
		}
	}
	for row := range snap.Rows("Port_Binding") {
		if s.rng.IntN(2) == 0 {
			continue
		}
		port := sb.Schema().Table("Port_Binding").Clone(row).(*sb.PortBinding)
		up, chassis := s.rng.IntN(2) == 0, chassisIDs[s.rng.IntN(len(chassisIDs))]
		port.Up, port.Chassis = &up, &chassis
		show("Port_Binding", port.UUID, port)
	}
	for _, db := range s.dbs {
		if err := db.Present(s.t.Context(), 0, changes); err != nil {
			s.t.Fatal(err)
		}
	}
}

// step changes something, in one write, or in several at the same time of which
// some may be refused.
func (s *southbounds) step() {
	s.t.Helper()
	switch n := s.rng.IntN(5); n {
	case 0:
		s.present()
	case 1:
		var group sync.WaitGroup
		for range 4 {
			w := s.write()
			group.Go(func() {
				var refused *schema.Error
				if _, err := s.dbs[0].Write(s.t.Context(), w); err != nil && !errors.As(err, &refused) {
					s.t.Error(err)
				}
			})
		}
		group.Wait()
	default:
		if _, err := s.dbs[0].Write(s.t.Context(), s.write()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// catchUp has the second server follow the first.
func (s *southbounds) catchUp() {
	s.t.Helper()
	if err := s.dbs[1].CatchUp(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// some are a part of ids.
func (s *southbounds) some(ids []schema.UUID) (list []schema.UUID) {
	for _, id := range ids {
		if s.rng.IntN(2) == 0 {
			list = append(list, id)
		}
	}
	return list
}

// check holds the rows of flows against the tables of their owners.
func (s *southbounds) check(snap *store.Snapshot) {
	s.t.Helper()
	for row := range snap.Rows("Logical_Flow") {
		f := row.(*sb.LogicalFlow)
		if (f.LogicalDPGroup == nil) == (f.LogicalDatapath == nil) ||
			f.LogicalDPGroup != nil && snap.Get("Logical_DP_Group", *f.LogicalDPGroup) == nil ||
			f.LogicalDatapath != nil && snap.Get("Logical_DP_Group", *f.LogicalDatapath) != nil {
			s.t.Errorf("flow %s: datapath %v, group %v", f.UUID, f.LogicalDatapath, f.LogicalDPGroup)
		}
	}
}

// replicas are clients of one server, one for each way to look.
func (s *southbounds) replicas() []*replica {
	all := []string{"Logical_Flow", "Logical_DP_Group", "Datapath_Binding", "Port_Binding", "Chassis", "Encap"}
	whole := func() (list []*look) {
		for _, table := range all {
			list = append(list, &look{table: table})
		}
		return list
	}
	by := func(column string, more ...*look) []*look {
		return append(more, &look{table: "Logical_Flow", column: column, ids: s.some(ownerIDs)}, &look{table: "Logical_DP_Group"})
	}
	list := []*replica{
		{name: "monitor", method: "monitor", looks: whole()},
		{name: "monitor of columns", method: "monitor", looks: []*look{
			{table: "Logical_Flow", columns: []string{"logical_dp_group", "logical_datapath", "external_ids"}},
			{table: "Port_Binding", columns: []string{"chassis", "options", "requested_chassis"}}, {table: "Logical_DP_Group", columns: []string{"datapaths"}},
		}},
		{name: "monitor_cond", method: "monitor_cond", looks: whole()},
		{name: "monitor_cond by group", method: "monitor_cond", looks: by("logical_dp_group",
			&look{table: "Port_Binding", column: "chassis", ids: s.some(chassisIDs)})},
		{name: "monitor_cond by datapath", method: "monitor_cond", looks: by("logical_datapath",
			&look{table: "Port_Binding", column: "requested_chassis", ids: s.some(chassisIDs)})},
		{name: "monitor_cond_since", method: "monitor_cond_since", looks: whole()},
		{name: "monitor_cond_since by group", method: "monitor_cond_since", looks: by("logical_dp_group",
			&look{table: "Port_Binding", column: "datapath", ids: s.some(ownerIDs)})},
		{name: "monitor_cond_since by datapath", method: "monitor_cond_since", looks: by("logical_datapath")},
	}
	for _, r := range list {
		r.last = schema.UUID{}.String()
	}
	return list
}

// TestReplicas: what clients are told adds up to what the server has, and what
// they are told that was is what they had, whoever comes and goes together, and
// whenever they are told.
func TestReplicas(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testReplicas(t, seed) })
	}
}

func testReplicas(t *testing.T, seed uint64) {
	s := startSouthbounds(t, seed)
	for range 5 {
		s.step()
	}
	s.catchUp()
	replicas := map[*replica]int{} // the server of each
	var order []*replica
	for server := range s.dbs {
		for _, r := range s.replicas() {
			r.name = fmt.Sprintf("server %d: %s", server, r.name)
			r.begin(t, s.paths[server])
			replicas[r] = server
			order = append(order, r)
		}
	}
	for n := 0; n < 40 && !t.Failed(); n++ {
		// Sometimes what is long is worked out after more has happened.
		var held []*store.Turn
		if s.rng.IntN(3) == 0 {
			for _, readers := range s.turns {
				turn, err := readers.Begin(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				held = append(held, turn)
			}
		}
		for _, r := range order {
			switch s.rng.IntN(6) {
			case 0: // it comes back, one that can say what it has to any server
				r.conn.Close()
				if strings.Contains(r.method, "since") {
					replicas[r] = s.rng.IntN(2)
				}
				r.begin(t, s.paths[replicas[r]])
			case 1:
				if l := r.looks[s.rng.IntN(len(r.looks))]; l.column == "chassis" || l.column == "requested_chassis" {
					r.turn(l, s.some(chassisIDs))
				} else if l.column != "" {
					r.turn(l, s.some(ownerIDs))
				}
			}
		}
		selects := s.selects()
		for range 1 + s.rng.IntN(3) {
			s.step()
		}
		s.catchUp()
		for _, turn := range held {
			turn.End()
		}
		for _, found := range selects {
			found()
		}
		for _, r := range order {
			r.sync()
			r.compare(s.dbs[replicas[r]].Snapshot())
		}
		for _, db := range s.dbs {
			s.check(db.Snapshot())
		}
	}
	for _, r := range order {
		if r.told < 20 && !t.Failed() {
			t.Errorf("%s was told of %d rows", r.name, r.told)
		}
	}
}

// selects asks each server for all flows. What it returns compares what is found,
// later, with what was there.
func (s *southbounds) selects() (list []func()) {
	const op = `{"op":"select","table":"Logical_Flow","where":[],"columns":["_uuid","logical_dp_group","logical_datapath"]}`
	for _, db := range s.dbs {
		want := flowOwners(db.Snapshot())
		a := db.Submit(s.t.Context(), store.Client{}, []json.RawMessage{json.RawMessage(op)}).Answer()
		list = append(list, func() {
			s.t.Helper()
			var text answered
			if err := a.Write(&text); err != nil {
				s.t.Fatal(err)
			}
			if string(text) != want {
				s.t.Errorf("select finds %.500s, and there was %.500s", text, want)
			}
		})
	}
	return list
}

// flowOwners is what select finds of the owners of flows.
func flowOwners(snap *store.Snapshot) string {
	b := []byte(`[{"rows":[`)
	t := sb.Schema().Table("Logical_Flow")
	for row := range snap.Rows(t.Name) {
		if b[len(b)-1] == '}' {
			b = append(b, ',')
		}
		for i, name := range []string{"_uuid", "logical_datapath", "logical_dp_group"} {
			b = fmt.Appendf(b, "%s%q:", "{,,"[i:i+1], name)
			b = t.Column(name).AppendJSON(b, row)
		}
		b = append(b, '}')
	}
	return string(append(b, "]}]"...))
}

// answered takes an answer. It is a store.Sink.
type answered []byte

func (a *answered) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

func (a *answered) Step() error { return nil }
