package store

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/weft-sdn/weft/schema"
)

// stateName is what a state is called, by every server that has it: clients come
// back with the name of what they have (monitor_cond_since), to any of them.
// What lies in etcd is named by the revision of the commit that made it so; what
// does not lie there (what chassis show, what is derived or ephemeral) by its
// contents, for no two servers come by it in the same steps.
type stateName struct {
	salt    uint64
	stored  uint64
	outside uint64 // the sum of table.outside of all rows
}

// take names the state after a commit.
func (n *stateName) take(l *layout, changes []Change, rev int64) {
	known := true
	var buf []byte
	for i := range changes {
		ch := &changes[i]
		t := l.byName[ch.Table.Name]
		n.outside += t.outside(ch.New, &buf) - t.outside(ch.Old, &buf)
		known = known && (rev != 0 || !t.storedDiffers(ch))
	}
	switch {
	case rev != 0:
		n.stored = uint64(rev)
	case !known:
		n.forget()
	}
}

// forget gives the stored part a name that no other server knows.
func (n *stateName) forget() {
	id := schema.NewUUID()
	n.stored = binary.BigEndian.Uint64(id[8:]) | 1<<63 // no revision is so large
}

// id is the name. The version digit is 8: "vendor specific" of RFC 9562.
func (n *stateName) id() (u schema.UUID) {
	second := n.stored
	if n.outside != 0 {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:8], n.stored)
		binary.BigEndian.PutUint64(b[8:], n.outside)
		second = xxhash.Sum64(b[:])
	}
	binary.BigEndian.PutUint64(u[:8], n.salt)
	binary.BigEndian.PutUint64(u[8:], second)
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// outside is a number for what of a row does not lie in etcd below the prefix; of a
// row that a chassis shows, for all of it. It is 0 where there is nothing. buf is
// memory for it to use, and to be used again.
func (t *table) outside(row schema.Row, buf *[]byte) uint64 {
	if row == nil || t.virtual != nil {
		return 0
	}
	b := (*buf)[:0]
	for _, c := range t.byCol {
		if (t.Owner != "" || !c.stored) && !c.IsZero(row) {
			b = append(append(b, c.Name...), 0)
			b = append(c.AppendJSON(b, row), 0)
		}
	}
	if len(b) == 0 && t.Owner == "" {
		return 0
	}
	id := row.RowUUID()
	*buf = append(append(b, t.Name...), id[:]...)
	return xxhash.Sum64(*buf)
}

// storedDiffers tells whether a change is one of what lies below the prefix.
func (t *table) storedDiffers(ch *Change) bool {
	if t.Owner != "" {
		return false
	}
	if ch.Old == nil || ch.New == nil {
		return true
	}
	for _, c := range t.byCol {
		if c.stored && !c.Equal(ch.Old, ch.New) {
			return true
		}
	}
	return false
}
