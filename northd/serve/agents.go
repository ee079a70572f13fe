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
	// Indexes of records: set and unset keep them.
	wrote     map[string]map[rowID]bool  // by chassis
	hosts     map[string]map[string]bool // names of chassis by Chassis.hostname
	addresses map[address]map[rowID]bool // Encaps
	private   map[string]int64           // by chassis: the revision that made its Chassis_Private
	hidden    map[string]string          // chassis that are not shown, and by whom they are outdone
	status    map[string]sb.Status       // by chassis
	bad       map[string]string          // etcd key → what is wrong with it
	touched   map[rowID]bool             // records changed since the last take
	cfg       map[string]cfgSeen         // by chassis: its nb_cfg and when we learned of it
	rev       int64                      // newest revision that was told
	views     map[string]int64           // by prefix: the revision up to which all was told
	now       func() time.Time
}

type cfgSeen struct{ cfg, at int64 }

// address is what one Encap alone may have.
type address struct{ typ, ip string }

func newAgents(db *schema.Database, log *slog.Logger, now func() time.Time) *agents {
	return &agents{
		schema: db, log: log, now: now, cfg: map[string]cfgSeen{},
		keys: map[string]rowID{}, records: map[rowID]map[string]record{}, wrote: map[string]map[rowID]bool{},
		hosts: map[string]map[string]bool{}, addresses: map[address]map[rowID]bool{},
		private: map[string]int64{}, hidden: map[string]string{},
		views: map[string]int64{}, status: map[string]sb.Status{}, bad: map[string]string{}, touched: map[rowID]bool{},
	}
}

// apply takes one batch of a follower.
func (a *agents) apply(b keyBatch) {
	a.views[b.prefix] = max(a.views[b.prefix], b.rev)
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

// view is the revision up to which all that agents wrote was told.
func (a *agents) view() int64 { return min(a.views[sb.ChassisPrefix], a.views[sb.StatusPrefix]) }

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
	// It says itself when, so that all servers show the same.
	seen := cfgSeen{s.NBCfg, s.NBCfgTimestamp}
	if seen.at == 0 {
		if seen.at = a.cfg[name].at; seen.cfg != a.cfg[name].cfg {
			seen.at = a.now().UnixMilli()
		}
	}
	if seen != a.cfg[name] {
		a.cfg[name] = seen
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
	a.keys[e.key] = id
	rev := e.rev
	if id.table.Name == "Port_Binding" {
		rev = e.created // see sb.Claim
	}
	a.unset(id, chassis)
	a.set(id, record{chassis, row, rev, e.created})
	if id.table.Name == "Chassis" || id.table.Name == "Encap" {
		a.touchRecords(chassis)
	}
}

// set and unset add a record and take it away; what depends on it is touched.
func (a *agents) set(id rowID, r record) {
	addTo(a.records, id, r.chassis, r)
	addTo(a.wrote, r.chassis, id, true)
	switch row := r.row.(type) {
	case *sb.Chassis:
		addTo(a.hosts, row.Hostname, row.Name, true)
	case *sb.Encap:
		addTo(a.addresses, address{row.Type, row.IP}, id, true)
		a.touchAddress(address{row.Type, row.IP})
	case *sb.ChassisPrivate:
		a.private[r.chassis] = r.created
	}
	a.touched[id] = true
}

func (a *agents) unset(id rowID, chassis string) {
	r, ok := a.records[id][chassis]
	if !ok {
		return
	}
	takeFrom(a.records, id, chassis)
	takeFrom(a.wrote, chassis, id)
	switch row := r.row.(type) {
	case *sb.Chassis:
		takeFrom(a.hosts, row.Hostname, row.Name)
		delete(a.hidden, row.Name)
	case *sb.Encap:
		takeFrom(a.addresses, address{row.Type, row.IP}, id)
		a.touchAddress(address{row.Type, row.IP})
	case *sb.ChassisPrivate:
		delete(a.private, chassis)
	}
	a.touched[id] = true
}

func addTo[K, L comparable, V any](m map[K]map[L]V, k K, l L, v V) {
	if m[k] == nil {
		m[k] = map[L]V{}
	}
	m[k][l] = v
}

func takeFrom[K, L comparable, V any](m map[K]map[L]V, k K, l L) {
	if delete(m[k], l); len(m[k]) == 0 {
		delete(m, k)
	}
}

// touchRecords looks again at all that a chassis wrote: its claims refer to a
// row that has appeared only now, an Encap is shown only with its Chassis.
func (a *agents) touchRecords(chassis string) {
	for id := range a.wrote[chassis] {
		a.touched[id] = true
	}
}

// touchAddress looks again at all chassis that have an address: the newest is
// another one now.
func (a *agents) touchAddress(at address) {
	for id := range a.addresses[at] {
		for chassis := range a.records[id] {
			a.touchRecords(chassis)
		}
	}
}

// newestAt returns the record of the Encap that has an address: the newest, as
// it is for the agents. A machine that came back under another name has left
// an older one.
func (a *agents) newestAt(at address) (best record) {
	for id := range a.addresses[at] {
		for _, r := range a.records[id] {
			if best.row == nil || r.rev > best.rev || r.rev == best.rev && r.chassis > best.chassis {
				best = r
			}
		}
	}
	return best
}

// outdone tells of an Encap whether a newer one of another chassis has its
// address, and of which.
func (a *agents) outdone(e *sb.Encap, chassis string) (by string, ok bool) {
	best := a.newestAt(address{e.Type, e.IP})
	return best.chassis, best.row != nil && best.chassis != chassis
}

// ownEncaps are those of a chassis's Encaps that are not outdone. Without any
// the chassis is hidden: it is not shown, and nobody waits for it.
func (a *agents) ownEncaps(c *sb.Chassis) []schema.UUID {
	encaps, by := make([]schema.UUID, 0, len(c.Encaps)), ""
	for _, e := range c.Encaps {
		r, known := a.records[rowID{a.schema.Table("Encap"), e}][c.Name]
		if known {
			if name, ok := a.outdone(r.row.(*sb.Encap), c.Name); ok {
				by = name
				continue
			}
		}
		encaps = append(encaps, e)
	}
	if by != "" && len(encaps) == 0 {
		a.hidden[c.Name] = by
	} else {
		delete(a.hidden, c.Name)
	}
	return encaps
}

// chassisNamed returns the name of the chassis that has this name or this
// host name; without one, the name as it is.
func (a *agents) chassisNamed(name string) string {
	if name == "" || len(a.records[a.chassisID(name)]) > 0 || len(a.hosts[name]) == 0 {
		return name
	}
	return slices.Min(slices.Collect(maps.Keys(a.hosts[name])))
}

func (a *agents) chassisID(name string) rowID {
	return rowID{a.schema.Table("Chassis"), schema.NameUUID("Chassis", name)}
}

// forget takes away what a key held.
func (a *agents) forget(key string) {
	id, ok := a.keys[key]
	if !ok {
		return
	}
	chassis := chassisOf(key)
	delete(a.keys, key)
	a.unset(id, chassis)
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
