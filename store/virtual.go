package store

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// changes returns what a commit did to a table.
func (l *layout) changes(c *Commit, t *table, log func(string, error)) []Change {
	var out []Change
	if t.virtual == nil {
		for _, ch := range c.Changes {
			if ch.Table == t.Table {
				out = append(out, ch)
			}
		}
		return out
	}
	at := map[schema.UUID]int{} // a row may move from one blob to another
	for _, b := range c.Blobs {
		if strings.HasPrefix(b.Path, t.virtual.Path) {
			out = t.blobChanges(out, at, b, log)
		}
	}
	return slices.DeleteFunc(out, func(ch Change) bool { return ch.Old != nil && ch.New != nil && t.Equal(ch.Old, ch.New) })
}

// blobChanges adds the rows of a blob before and after to changes, of which at
// knows the places.
func (t *table) blobChanges(out []Change, at map[schema.UUID]int, b BlobChange, log func(string, error)) []Change {
	change := func(row schema.Row) *Change {
		id := row.RowUUID()
		i, ok := at[id]
		if !ok {
			i, at[id] = len(out), len(out)
			out = append(out, Change{Table: t.Table, UUID: id})
		}
		return &out[i]
	}
	t.expand(b.Path, b.Old, true, log, func(row schema.Row) bool {
		change(row).Old = row
		return true
	})
	t.expand(b.Path, b.New, true, log, func(row schema.Row) bool {
		change(row).New = row
		return true
	})
	return out
}

// badBlob reports a blob that does not expand.
func (db *DB) badBlob(path string, err error) {
	db.cfg.Log.Error("store: damaged blob is not shown", "path", db.cfg.Prefix+path, "err", err)
}
