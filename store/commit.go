package store

import "github.com/weft-sdn/weft/schema"

// Commit is one step of the database: what one etcd transaction changed, which
// may be the work of several clients, or what was presented at once. Commits
// and all they hold are immutable.
type Commit struct {
	Seq int64 // position in this process's feed, from 1 without gaps
	Rev int64 // the etcd revision; not unique where nothing was written
	// TxnID names the state after this commit. It is derived from Rev where
	// there is one of its own, so it means the same after a restart.
	TxnID   schema.UUID
	Changes []Change // one per row
	Blobs   []BlobChange
	Client  string // who, several joined by ", "
	Comment string // comments of the transactions, joined by newlines

	after *state // what it leads to
}

// Change is what happened to one row.
type Change struct {
	Table *schema.Table
	UUID  schema.UUID
	Old   schema.Row // nil: inserted
	New   schema.Row // nil: deleted

	// deltas hold how columns of an updated row differ; nil where that has to
	// be worked out.
	deltas []delta
}

// Columns returns the columns in which Old and New differ; all for an inserted
// or deleted row.
func (c *Change) Columns() []*schema.Column {
	switch {
	case c.Old == nil || c.New == nil:
		return c.Table.Columns
	case c.deltas == nil:
		return c.Table.Changed(c.Old, c.New)
	}
	cols := make([]*schema.Column, len(c.deltas))
	for i := range c.deltas {
		cols[i] = c.deltas[i].c.Column
	}
	return cols
}

// Diff returns the elements that left a column and those that came, the whole
// value for a deleted or inserted row. Pairs of a map whose value changed are
// in both.
func (c *Change) Diff(col *schema.Column) (gone, come schema.Datum) {
	switch {
	case c.Old == nil:
		return schema.Datum{}, col.Get(c.New)
	case c.New == nil:
		return col.Get(c.Old), schema.Datum{}
	case c.deltas == nil:
		return col.Diff(c.Old, c.New)
	}
	for i := range c.deltas {
		if d := &c.deltas[i]; d.c.Column == col {
			return d.gone, d.come
		}
	}
	return schema.Datum{}, schema.Datum{}
}

// BlobChange is what happened to a key that holds something else than a row; a
// commit has one for each.
// Path is relative to the database's prefix.
type BlobChange struct {
	Path     string
	Old, New []byte // nil: not there
}

// Write is what a part of this process (the compiler) changes at once.
type Write struct {
	// Rows: New nil deletes. With Old nil, New is the whole row. With both,
	// only the columns in which they differ are written, onto the row as it is
	// now; a row that is gone meanwhile is left alone. Columns that chassis own
	// are never written.
	Rows []Change
	// Blobs: New nil deletes; Old is ignored.
	Blobs []BlobChange
	// Split allows more than one etcd transaction where one would be too large.
	// Each, if set, makes blobs to put into every one of them; last tells that
	// no more follow.
	Split bool
	Each  func(last bool) []BlobChange
	// Comment and Client go to the feed and the log.
	Client, Comment string

	carry bool // nothing else: see DB.CarryForward
}

// Problem is something under the prefix that is not served.
type Problem struct {
	Key    string // the etcd key
	Table  string // "" where the key does not say
	UUID   schema.UUID
	Column string // "" where it is about the row
	Reason string
}
