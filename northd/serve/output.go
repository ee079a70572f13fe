package serve

import (
	"bytes"
	"cmp"
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
	units map[schema.UUID]map[string][]byte // by owner and name; nil: none
	laid  map[schema.UUID]unitList          // those that are written
	next  map[schema.UUID]unitList          // those of owners that are being written
	// spoilt are paths below FlowsPath that somebody else has written.
	spoilt map[string]bool
	// whole: the pending output is everything there is (the first of a
	// compiler), and what the database holds beyond it goes.
	whole bool
	// tables are those of which all rows are the compiler's.
	tables []string
}

func newOutput(tables []string) *output {
	return &output{
		tables: tables, rows: map[rowID]northd.Change{}, whole: true,
		units: map[schema.UUID]map[string][]byte{}, laid: map[schema.UUID]unitList{}, next: map[schema.UUID]unitList{}, spoilt: map[string]bool{},
	}
}

// add lays a later output over what is pending.
func (o *output) add(db *schema.Database, out northd.Output) {
	if len(o.rows) == 0 {
		o.rows = make(map[rowID]northd.Change, len(out.Rows))
	}
	for _, c := range out.Rows {
		id := rowID{db.Table(c.Table), c.UUID}
		if before, ok := o.rows[id]; ok && c.New != nil && before.New != nil {
			c.Columns = joinColumns(before.Columns, c.Columns)
		}
		o.rows[id] = c
	}
	for _, u := range out.Units {
		owner, name := splitUnit(u.Path)
		if o.units[owner] == nil {
			o.units[owner] = map[string][]byte{}
		}
		o.units[owner][name] = u.Chunk
	}
}

// splitUnit takes a unit's path apart.
func splitUnit(path string) (owner schema.UUID, name string) {
	id, name, _ := strings.Cut(path, "/")
	owner, err := schema.ParseUUID(id)
	if err != nil {
		panic("serve: a unit of " + path + ": " + err.Error()) // the compiler has made it of one
	}
	return owner, name
}

// joinColumns is the union of two restrictions; nil restricts nothing.
func joinColumns(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(a), b...))))
}

func (o *output) empty() bool {
	return len(o.rows) == 0 && len(o.units) == 0 && len(o.spoilt) == 0 && !o.whole
}

// write makes the store's write of what differs from snap.
func (o *output) write(snap *store.Snapshot, db *schema.Database) store.Write {
	w := store.Write{Rows: make([]store.Change, 0, len(o.rows))}
	for id, c := range o.rows {
		if change, ok := rowChange(id, c, snap.Get(id.table.Name, id.uuid)); ok {
			w.Rows = append(w.Rows, change)
		}
	}
	blobs := o.buckets()
	if o.whole {
		o.sweep(&w, blobs, snap, db)
	}
	for path, data := range blobs {
		if now := snap.Blob(path); (now == nil) != (data == nil) || !bytes.Equal(now, data) {
			w.Blobs = append(w.Blobs, store.BlobChange{Path: path, New: data})
		}
	}
	// One order for all: what is written does not depend on that of a map.
	slices.SortFunc(w.Rows, func(a, b store.Change) int {
		if c := strings.Compare(a.Table.Name, b.Table.Name); c != 0 {
			return c
		}
		return a.UUID.Compare(b.UUID)
	})
	slices.SortFunc(w.Blobs, compareBlobs)
	return w
}

// compareBlobs has the buckets of an owner that go come before those that come: a
// unit is not in two, where all is written in more than one transaction.
func compareBlobs(a, b store.BlobChange) int {
	of := func(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }
	comes := func(b store.BlobChange) (n int) {
		if b.New != nil {
			n = 1
		}
		return n
	}
	return cmp.Or(strings.Compare(of(a.Path), of(b.Path)), comes(a)-comes(b), strings.Compare(a.Path, b.Path))
}

// buckets are those that are to be looked at, by path, as they shall be; nil: none.
func (o *output) buckets() map[string][]byte {
	blobs, lists := map[string][]byte{}, map[string]unitList{}
	gone := func(path string) { blobs[path] = nil }
	put := func(path string, in unitList) { lists[path] = in }
	if o.whole {
		clear(o.laid)
	}
	clear(o.next)
	for owner, changed := range o.units {
		was, touched := o.laid[owner], hashed(changed)
		o.next[owner] = was.with(touched)
		changedBuckets(owner, was, o.next[owner], touched, gone, put)
	}
	for path := range o.spoilt {
		id, _, _ := strings.Cut(path, "/")
		gone(sb.FlowsPath + path)
		owner, err := schema.ParseUUID(id)
		if err != nil {
			continue
		}
		list, ok := o.next[owner]
		if !ok {
			list = o.laid[owner]
		}
		list.eachBucket(0, func(hash uint64, bits int, in unitList) { put(sb.BucketPath(owner, hash, bits), in) })
	}
	for path, in := range lists {
		blobs[path] = in.encode()
	}
	return blobs
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

// sweep deletes what is left of intent that is gone, or of another form.
func (o *output) sweep(w *store.Write, blobs map[string][]byte, snap *store.Snapshot, db *schema.Database) {
	for _, name := range o.tables {
		t := db.Table(name)
		for row := range snap.Rows(name) {
			if _, ok := o.rows[rowID{t, row.RowUUID()}]; !ok {
				w.Rows = append(w.Rows, store.Change{Table: t, UUID: row.RowUUID(), Old: row})
			}
		}
	}
	for path := range snap.Blobs(sb.FlowsPath) {
		if _, ok := blobs[path]; !ok {
			blobs[path] = nil
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
	w.Rows = append(w.Rows, l.orphans(w.Rows)...)
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
	for owner, list := range o.next {
		if o.laid[owner] = list; len(list) == 0 {
			delete(o.laid, owner)
		}
	}
	// New maps: those that are emptied keep the memory of the largest output there was.
	empty := newOutput(o.tables)
	empty.laid, empty.whole = o.laid, false
	*o = *empty
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
