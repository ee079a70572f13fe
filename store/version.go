package store

import (
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"

	"github.com/weft-sdn/weft/schema"
)

// A row's column _version follows from what the row holds, so that every server
// shows the same one whichever way it came by the row: clients go on at another
// with what they have (monitor_cond_since), and what chassis show lies in no key
// of the row's. It is the UUID with a number for each element of each column
// laid over it; what a column gains and loses is laid over what was.

// version is that of a row.
func (t *table) version(row schema.Row) schema.UUID {
	v := row.RowUUID()
	var c *column
	lay := func(key, value schema.Atom) bool { // one for all columns
		c.lay(&v, key, value)
		return true
	}
	for _, c = range t.byCol {
		c.Each(row, lay)
	}
	return asVersion(v)
}

// versionAfter is that of the new row of a change.
//
// Hot path: costs what has changed.
func (t *table) versionAfter(ch *Change) schema.UUID {
	if ch.Old == nil {
		return t.version(ch.New)
	}
	v := schema.HeaderOf(ch.Old).Version
	for _, sc := range ch.Columns() {
		c := t.byName[sc.Name]
		gone, come := ch.Diff(sc)
		c.layAll(&v, gone)
		c.layAll(&v, come)
	}
	return asVersion(v)
}

func (c *column) layAll(v *schema.UUID, d schema.Datum) {
	for i, k := range d.Keys {
		var value schema.Atom
		if d.Values != nil {
			value = d.Values[i]
		}
		c.lay(v, k, value)
	}
}

// lay lays an element of a column over a version, or takes it away if it is there.
func (c *column) lay(v *schema.UUID, key, value schema.Atom) {
	if c.Type.IsScalar() && key.IsZero() {
		return // of which most rows have many
	}
	var buf [256]byte
	b := append(append(buf[:0], c.Name...), 0)
	b = key.AppendJSON(b)
	if c.Type.IsMap() {
		b = value.AppendJSON(append(b, 0))
	}
	h := xxhash.Sum64(b)
	second := bits.RotateLeft64(h, 32) * 0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(v[:8], binary.BigEndian.Uint64(v[:8])^h)
	binary.BigEndian.PutUint64(v[8:], binary.BigEndian.Uint64(v[8:])^second)
}

// asVersion has the digits by which a UUID is known for one of version 4.
func asVersion(v schema.UUID) schema.UUID {
	v[6] = v[6]&0x0f | 0x40
	v[8] = v[8]&0x3f | 0x80
	return v
}

// stamp gives changed rows their new versions.
func stamp(l *layout, changes []Change) {
	for i := range changes {
		if ch := &changes[i]; ch.New != nil {
			schema.HeaderOf(ch.New).Version = l.byName[ch.Table.Name].versionAfter(ch)
		}
	}
}
