package store

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// owners tells whether a UUID is that of a row of Virtual.Owners, in one state.
type owners func(id schema.UUID) bool

// lists tells which UUIDs are rows of a table, none where it is nil.
func (s *state) lists(t *table) owners {
	return func(id schema.UUID) bool { return t != nil && s.get(t, id) != nil }
}

// ownerOf is the owner of a blob of a virtual table, zero where the path names
// none.
func (t *table) ownerOf(path string) schema.UUID {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, t.virtual.Path), "/")
	id, err := schema.ParseUUID(name)
	if err != nil {
		return schema.UUID{}
	}
	return id
}

// expand calls yield with the rows of a blob, until it returns false, and returns
// what it did. listed is of the state that the blob belongs to. What is damaged
// has no rows and is reported.
func (t *table) expand(path string, data []byte, listed owners, keep bool, log func(string, error), yield func(schema.Row) bool) bool {
	more := true
	if data == nil {
		return more
	}
	owner := t.ownerOf(path)
	err := t.virtual.Expand(Blob{Path: path, Owner: owner, Listed: listed(owner), Data: data}, keep, func(row schema.Row) bool {
		more = yield(row)
		return more
	})
	if err != nil {
		log(path, err)
	}
	return more
}

// expandAll calls yield with all rows of a virtual table, until it returns false:
// each is good until the next one.
func (s *state) expandAll(t *table, listed owners, log func(string, error), yield func(schema.Row) bool) {
	for path, data := range s.blobsBelow(t.virtual.Path) {
		if !t.expand(path, data, listed, false, log, yield) {
			return
		}
	}
}

// turns tells whether a change makes a UUID one of a virtual table's owners that
// are listed, or no more.
func (t *table) turns(ch Change) bool {
	return t.owners != nil && ch.Table == t.owners.Table && (ch.Old == nil) != (ch.New == nil)
}

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
	return newVirtualChanges(c, t, log).all()
}

// virtualChanges are those of a commit to the rows of a virtual table. Old rows
// are as they were in the state before the commit, new ones as in the one after,
// whatever has come since.
type virtualChanges struct {
	*table
	c      *Commit
	log    func(string, error)
	turned map[schema.UUID]bool // owners that came (true) or went as rows
	list   []Change
	at     map[schema.UUID]int // a row may move from one blob to another
}

func newVirtualChanges(c *Commit, t *table, log func(string, error)) *virtualChanges {
	v := &virtualChanges{table: t, c: c, log: log, turned: map[schema.UUID]bool{}, at: map[schema.UUID]int{}}
	for _, ch := range c.Changes {
		if t.turns(ch) {
			v.turned[ch.UUID] = ch.New != nil
		}
	}
	return v
}

func (v *virtualChanges) all() []Change {
	changed := map[string]bool{}
	for _, b := range v.c.Blobs {
		if strings.HasPrefix(b.Path, v.virtual.Path) {
			v.blob(b)
			changed[b.Path] = true
		}
	}
	for _, ch := range v.c.Changes {
		if !v.turns(ch) {
			continue
		}
		for b := range v.c.after.blobsIn(v.virtual.Path + ch.UUID.String() + "/") {
			if !changed[b.path] {
				v.blob(BlobChange{Path: b.path, Old: b.data, New: b.data})
			}
		}
	}
	return slices.DeleteFunc(v.list, func(ch Change) bool { return ch.Old != nil && ch.New != nil && v.Equal(ch.Old, ch.New) })
}

// blob takes the rows of a blob before and after.
func (v *virtualChanges) blob(b BlobChange) {
	is := v.c.after.lists(v.owners)
	was := func(id schema.UUID) bool {
		if came, ok := v.turned[id]; ok {
			return !came
		}
		return is(id)
	}
	v.expand(b.Path, b.Old, was, true, v.log, func(row schema.Row) bool {
		v.change(row).Old = row
		return true
	})
	v.expand(b.Path, b.New, is, true, v.log, func(row schema.Row) bool {
		v.change(row).New = row
		return true
	})
}

// change is that of a row.
func (v *virtualChanges) change(row schema.Row) *Change {
	id := row.RowUUID()
	i, ok := v.at[id]
	if !ok {
		i, v.at[id] = len(v.list), len(v.list)
		v.list = append(v.list, Change{Table: v.Table, UUID: id})
	}
	return &v.list[i]
}

// badBlob reports a blob that does not expand.
func (db *DB) badBlob(path string, err error) {
	db.cfg.Log.Error("store: damaged blob is not shown", "path", db.cfg.Prefix+path, "err", err)
}
