package serve

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// rowID names a southbound row.
type rowID struct {
	table *schema.Table
	uuid  schema.UUID
}

// record is what one chassis wrote about one row.
type record struct {
	chassis string
	row     schema.Row
	rev     int64
	created int64 // the revision that made the key
}

// agents is what the hypervisors have written: their records, their claims of
// ports and their status. leading.run owns it.
type agents struct {
	schema  *schema.Database
	log     *slog.Logger
	keys    map[string]rowID            // etcd key → what it is about
	records map[rowID]map[string]record // by chassis
	status  map[string]sb.Status        // by chassis
	bad     map[string]string           // etcd key → what is wrong with it
	touched map[rowID]bool              // records changed since the last take
	cfg     map[string]cfgSeen          // by chassis: its nb_cfg and when we learned of it
	rev     int64                       // newest revision that was told
	now     func() time.Time
}

type cfgSeen struct{ cfg, at int64 }

func newAgents(db *schema.Database, log *slog.Logger, now func() time.Time) *agents {
	return &agents{
		schema: db, log: log, now: now, cfg: map[string]cfgSeen{},
		keys: map[string]rowID{}, records: map[rowID]map[string]record{},
		status: map[string]sb.Status{}, bad: map[string]string{}, touched: map[rowID]bool{},
	}
}

// apply takes one batch of a follower.
func (a *agents) apply(b keyBatch) {
	if b.whole {
		a.forgetMissing(b)
	}
	for _, e := range b.events {
		a.rev = max(a.rev, e.rev)
		if b.prefix == sb.StatusPrefix {
			a.applyStatus(e)
		} else {
			a.applyRecord(e)
		}
	}
}

// forgetMissing deletes what a complete reading no longer holds.
func (a *agents) forgetMissing(b keyBatch) {
	there := make(map[string]bool, len(b.events))
	for _, e := range b.events {
		there[e.key] = true
	}
	var known []string
	if b.prefix == sb.StatusPrefix {
		for name := range a.status {
			known = append(known, sb.StatusKey(name))
		}
	} else {
		known = slices.Collect(maps.Keys(a.keys))
	}
	for _, key := range known {
		if !there[key] {
			a.apply(keyBatch{prefix: b.prefix, events: []keyEvent{{key: key}}})
		}
	}
}

func (a *agents) applyStatus(e keyEvent) {
	name := strings.TrimPrefix(e.key, sb.StatusPrefix)
	delete(a.bad, e.key)
	if e.value == nil {
		delete(a.status, name)
		return
	}
	s, err := sb.ParseStatus(e.value, e.rev)
	if err != nil {
		a.report(e.key, err)
		return
	}
	a.status[name] = s
	if a.cfg[name].cfg != s.NBCfg {
		a.cfg[name] = cfgSeen{s.NBCfg, a.now().UnixMilli()}
		a.touched[rowID{a.schema.Table("Chassis_Private"), schema.NameUUID("Chassis_Private", name)}] = true
	}
}

func (a *agents) applyRecord(e keyEvent) {
	delete(a.bad, e.key)
	if e.value == nil {
		a.forget(e.key)
		return
	}
	id, chassis, err := a.parseKey(e.key)
	if err != nil {
		a.report(e.key, err)
		return
	}
	row, err := schema.DecodeRow(id.table, id.uuid, e.value)
	if err != nil {
		// What cannot be read counts as not there, as it does for the agents:
		// all must name the same winner.
		a.forget(e.key)
		a.report(e.key, err)
		return
	}
	if a.records[id] == nil {
		a.records[id] = map[string]record{}
	}
	a.keys[e.key] = id
	rev := e.rev
	if id.table.Name == "Port_Binding" {
		rev = e.created // see sb.Claim
	}
	a.records[id][chassis] = record{chassis, row, rev, e.created}
	a.touched[id] = true
	if id.table.Name == "Chassis" || id.table.Name == "Encap" {
		a.touchRecords(chassis)
	}
}

// touchRecords looks again at all that a chassis wrote: its claims refer to a
// row that has appeared only now, an Encap is shown only with its Chassis.
func (a *agents) touchRecords(chassis string) {
	for id, records := range a.records {
		if _, ok := records[chassis]; ok {
			a.touched[id] = true
		}
	}
}

// chassisNamed returns the name of the chassis that has this name or this
// host name; without one, the name as it is.
func (a *agents) chassisNamed(name string) string {
	if name == "" || len(a.records[a.chassisID(name)]) > 0 {
		return name
	}
	for _, c := range a.chassis() {
		if c.Hostname == name {
			return c.Name
		}
	}
	return name
}

func (a *agents) chassisID(name string) rowID {
	return rowID{a.schema.Table("Chassis"), schema.NameUUID("Chassis", name)}
}

// chassis returns the registered chassis by name.
func (a *agents) chassis() []*sb.Chassis {
	var out []*sb.Chassis
	for id, records := range a.records {
		if id.table.Name != "Chassis" {
			continue
		}
		for _, r := range records {
			out = append(out, r.row.(*sb.Chassis))
		}
	}
	slices.SortFunc(out, func(x, y *sb.Chassis) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// forget takes away what a key held.
func (a *agents) forget(key string) {
	id, ok := a.keys[key]
	if !ok {
		return
	}
	chassis := chassisOf(key)
	delete(a.keys, key)
	delete(a.records[id], chassis)
	if len(a.records[id]) == 0 {
		delete(a.records, id)
	}
	a.touched[id] = true
	if id.table.Name == "Chassis" {
		a.touchRecords(chassis)
	}
}

func (a *agents) report(key string, err error) {
	a.bad[key] = err.Error()
	a.log.Warn("an agent's key is not usable and left out", "key", key, "err", err)
}

func chassisOf(key string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(key, sb.ChassisPrefix), "/")
	return name
}

// parseKey takes "/weft/chassis/<name>/<Table>/<uuid>" apart.
func (a *agents) parseKey(key string) (rowID, string, error) {
	parts := strings.Split(strings.TrimPrefix(key, sb.ChassisPrefix), "/")
	if len(parts) != 3 || parts[0] == "" {
		return rowID{}, "", fmt.Errorf("expected %s<name>/<Table>/<uuid>", sb.ChassisPrefix)
	}
	t := a.schema.Table(parts[1])
	if t == nil {
		return rowID{}, "", fmt.Errorf("no table %q", parts[1])
	}
	id, err := schema.ParseUUID(parts[2])
	if err != nil {
		return rowID{}, "", err
	}
	return rowID{t, id}, parts[0], nil
}

// take returns what was touched since the last take, in a fixed order.
func (a *agents) take() []rowID {
	ids := slices.SortedFunc(maps.Keys(a.touched), func(x, y rowID) int {
		if c := strings.Compare(x.table.Name, y.table.Name); c != 0 {
			return c
		}
		return x.uuid.Compare(y.uuid)
	})
	clear(a.touched)
	return ids
}

// of returns the records about a row, by chassis name.
func (a *agents) of(id rowID) []record {
	m := a.records[id]
	out := make([]record, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[name])
	}
	return out
}
