package vswitch

import (
	"reflect"
	"sync"

	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/model"
)

// rowID names a row of the database.
type rowID struct{ table, uuid string }

// dirtySet collects rows that changed, from the client's event goroutine.
type dirtySet struct {
	wake chan struct{} // has one token while rows is not empty

	mu   sync.Mutex
	rows map[rowID]struct{}
}

func newDirtySet() *dirtySet {
	return &dirtySet{wake: make(chan struct{}, 1), rows: map[rowID]struct{}{}}
}

func (d *dirtySet) add(table, uuid string) {
	d.mu.Lock()
	d.rows[rowID{table, uuid}] = struct{}{}
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *dirtySet) take() map[rowID]struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := d.rows
	d.rows = map[rowID]struct{}{}
	return rows
}

// reread compares every row of the database with the mirror.
func (c *Conn) reread(tables *cache.TableCache, ch *Changes) {
	all := map[rowID]struct{}{}
	for table, rows := range c.mirror {
		for uuid := range rows {
			all[rowID{table, uuid}] = struct{}{}
		}
		if t := tables.Table(table); t != nil {
			for uuid := range t.RowsShallow() {
				all[rowID{table, uuid}] = struct{}{}
			}
		}
	}
	c.refresh(tables, all, ch)
}

// refresh brings the mirror's rows up to date, adds those that differ to ch
// and tells whether there were any.
func (c *Conn) refresh(tables *cache.TableCache, rows map[rowID]struct{}, ch *Changes) bool {
	changed := false
	for id := range rows {
		mirror := c.mirror[id.table]
		t := tables.Table(id.table)
		if mirror == nil || t == nil {
			continue
		}
		old, had := mirror[id.uuid]
		row := t.Row(id.uuid)
		switch {
		case row == nil && !had:
			continue
		case row == nil:
			delete(mirror, id.uuid)
		case had && reflect.DeepEqual(old, row):
			continue
		default:
			mirror[id.uuid] = row
		}
		ch.set(id.table, id.uuid, row)
		changed = true
	}
	return changed
}

// merge lays newer over older.
func merge(older *Changes, newer Changes) *Changes {
	if older == nil {
		return &newer
	}
	m := newer
	m.Open = overlay(older.Open, newer.Open)
	m.Bridges = overlay(older.Bridges, newer.Bridges)
	m.Ports = overlay(older.Ports, newer.Ports)
	m.Interfaces = overlay(older.Interfaces, newer.Interfaces)
	m.CollectorSets = overlay(older.CollectorSets, newer.CollectorSets)
	return &m
}

func overlay[T any](older, newer map[string]*T) map[string]*T {
	if older == nil {
		return newer
	}
	for k, v := range newer {
		older[k] = v
	}
	return older
}

func rowUUID(m model.Model) string {
	switch r := m.(type) {
	case *OpenvSwitch:
		return r.UUID
	case *Bridge:
		return r.UUID
	case *Port:
		return r.UUID
	case *Interface:
		return r.UUID
	case *CollectorSet:
		return r.UUID
	}
	return ""
}

// columns lists the columns of a table that its row struct holds.
func columns(table string) []string {
	var t reflect.Type
	switch table {
	case tableOpen:
		t = reflect.TypeFor[OpenvSwitch]()
	case tableBr:
		t = reflect.TypeFor[Bridge]()
	case tablePort:
		t = reflect.TypeFor[Port]()
	case tableIface:
		t = reflect.TypeFor[Interface]()
	case tableCollSets:
		t = reflect.TypeFor[CollectorSet]()
	default:
		return nil
	}
	var cols []string
	for i := range t.NumField() {
		if c := t.Field(i).Tag.Get("ovsdb"); c != "_uuid" {
			cols = append(cols, c)
		}
	}
	return cols
}
