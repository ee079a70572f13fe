package store

import (
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
	for _, b := range c.Blobs {
		if strings.HasPrefix(b.Path, t.virtual.Path) {
			out = append(out, t.blobChanges(b, log)...)
		}
	}
	return out
}

// blobChanges compares the rows of a blob before and after.
func (t *table) blobChanges(b BlobChange, log func(string, error)) []Change {
	var out []Change
	at := map[schema.UUID]int{}
	for _, row := range t.expand(b.Path, b.Old, log) {
		at[row.RowUUID()] = len(out)
		out = append(out, Change{Table: t.Table, UUID: row.RowUUID(), Old: row})
	}
	for _, row := range t.expand(b.Path, b.New, log) {
		if i, ok := at[row.RowUUID()]; ok {
			out[i].New = row
			continue
		}
		out = append(out, Change{Table: t.Table, UUID: row.RowUUID(), New: row})
	}
	kept := out[:0]
	for _, ch := range out {
		if ch.Old == nil || ch.New == nil || !t.Equal(ch.Old, ch.New) {
			kept = append(kept, ch)
		}
	}
	return kept
}

// badBlob reports a blob that does not expand.
func (db *DB) badBlob(path string, err error) {
	db.cfg.Log.Error("store: damaged blob is not shown", "path", db.cfg.Prefix+path, "err", err)
}
