package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// output is what the compiler wants to stand in the Southbound database and
// what is not written yet. Where a write fails, what comes later is laid over
// it, so that nothing is lost and only the last state is written.
type output struct {
	rows  map[rowID]northd.Change
	units map[string][]byte // by blob path; nil: none
	// whole: the pending output is everything there is (the first of a
	// compiler), and what the database holds beyond it goes.
	whole bool
	// tables are those of which all rows are the compiler's.
	tables []string
}

func newOutput(tables []string) *output {
	return &output{tables: tables, rows: map[rowID]northd.Change{}, units: map[string][]byte{}, whole: true}
}

// add lays a later output over what is pending.
func (o *output) add(db *schema.Database, out northd.Output) {
	for _, c := range out.Rows {
		id := rowID{db.Table(c.Table), c.UUID}
		if before, ok := o.rows[id]; ok && c.New != nil && before.New != nil {
			c.Columns = joinColumns(before.Columns, c.Columns)
		}
		o.rows[id] = c
	}
	for _, u := range out.Units {
		o.units[sb.FlowsPath+u.Path] = u.Chunk
	}
}

// joinColumns is the union of two restrictions; nil restricts nothing.
func joinColumns(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(a), b...))))
}

func (o *output) empty() bool { return len(o.rows) == 0 && len(o.units) == 0 && !o.whole }

// write makes the store's write of what differs from snap.
func (o *output) write(snap *store.Snapshot, db *schema.Database) store.Write {
	var w store.Write
	for id, c := range o.rows {
		if change, ok := rowChange(id, c, snap.Get(id.table.Name, id.uuid)); ok {
			w.Rows = append(w.Rows, change)
		}
	}
	for path, chunk := range o.units {
		if now := snap.Blob(path); (now == nil) != (chunk == nil) || !bytes.Equal(now, chunk) {
			w.Blobs = append(w.Blobs, store.BlobChange{Path: path, New: chunk})
		}
	}
	if o.whole {
		o.sweep(&w, snap, db)
	}
	// One order for all: what is written does not depend on that of a map.
	slices.SortFunc(w.Rows, func(a, b store.Change) int {
		if c := strings.Compare(a.Table.Name, b.Table.Name); c != 0 {
			return c
		}
		return a.UUID.Compare(b.UUID)
	})
	slices.SortFunc(w.Blobs, func(a, b store.BlobChange) int { return strings.Compare(a.Path, b.Path) })
	return w
}

// rowChange is what makes now as c wants it; false where it is so already.
func rowChange(id rowID, c northd.Change, now schema.Row) (store.Change, bool) {
	change := store.Change{Table: id.table, UUID: id.uuid, Old: now, New: c.New}
	switch {
	case c.New == nil:
		return change, now != nil
	case now == nil:
		return change, c.Columns == nil // a row of somebody else's that is gone stays gone
	}
	next := id.table.Clone(now)
	for _, col := range id.table.Columns {
		if col.Owner != schema.OwnerChassis && (c.Columns == nil || slices.Contains(c.Columns, col.Name)) {
			col.Copy(next, c.New)
		}
	}
	change.New = next
	return change, !id.table.Equal(now, next)
}

// sweep deletes what is left of intent that is gone.
func (o *output) sweep(w *store.Write, snap *store.Snapshot, db *schema.Database) {
	for _, name := range o.tables {
		t := db.Table(name)
		for row := range snap.Rows(name) {
			if _, ok := o.rows[rowID{t, row.RowUUID()}]; !ok {
				w.Rows = append(w.Rows, store.Change{Table: t, UUID: row.RowUUID(), Old: row})
			}
		}
	}
	for path := range snap.Blobs(sb.FlowsPath) {
		if _, ok := o.units[path]; !ok {
			w.Blobs = append(w.Blobs, store.BlobChange{Path: path})
		}
	}
}

// commit writes what is pending together with the mark of what it was
// compiled from. Nothing is written where nothing differs.
func (l *leading) commit(ctx context.Context) error {
	target := sb.Compiled{NBRevision: l.nbRev, NBCfg: l.nbCfg, HVCfg: l.progress.hv, Agents: l.agents.rev}
	global, globalDiffers := l.globalRow(target)
	fresh := target.NBCfg == l.progress.compiled.NBCfg && l.marked
	if l.out.empty() && !globalDiffers && fresh {
		return nil
	}
	w := l.out.write(l.sb.Snapshot(), l.sb.Schema())
	if globalDiffers {
		w.Rows = append(w.Rows, global)
	}
	if len(w.Rows) == 0 && len(w.Blobs) == 0 && fresh {
		l.out.done()
		return nil
	}
	w.Client, w.Comment = ourselves, fmt.Sprintf("compiled from northbound revision %d", target.NBRevision)
	w.Split = true
	w.Each = func(last bool) []store.BlobChange {
		mark := target
		mark.Partial = !last
		b, err := json.Marshal(mark)
		if err != nil {
			panic(err) // three plain fields
		}
		return []store.BlobChange{{Path: sb.CompiledPath, New: b}}
	}
	if _, err := l.sb.Write(ctx, w); err != nil {
		return fmt.Errorf("serve: write what was compiled from revision %d: %w", target.NBRevision, err)
	}
	l.touchClaimed(w.Rows)
	l.out.done()
	l.progress.compiled, l.marked = target, true
	return nil
}

func (o *output) done() {
	clear(o.rows)
	clear(o.units)
	o.whole = false
}

// touchClaimed looks again at the claims of ports whose rows were written: a
// claim may have been there first, and requested-chassis may have changed.
func (l *leading) touchClaimed(rows []store.Change) {
	for _, c := range rows {
		id := rowID{c.Table, c.UUID}
		if c.New != nil && len(l.agents.records[id]) > 0 {
			l.agents.touched[id] = true
		}
	}
}
