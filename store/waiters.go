package store

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// reading is what an operation looked at: the rows of a table that match.
type reading struct {
	t    *table
	cond Condition
}

// waiters are the requests that wait for what they read to change, by what
// that is: single rows, places in an index, or whole tables.
type waiters struct {
	all    requests
	rows   map[rowKey]requests
	places map[indexPlace]requests
	tables map[*table]requests
}

type requests map[*request]struct{}

// indexPlace is where the rows with certain values stand in an index.
type indexPlace struct {
	t   *table
	n   int // which index
	key schema.UUID
}

func newWaiters() waiters {
	return waiters{
		all: requests{}, rows: map[rowKey]requests{}, places: map[indexPlace]requests{}, tables: map[*table]requests{},
	}
}

// keep has a request stand under one of the keys that it waits on, or not.
func keep[K comparable](m map[K]requests, key K, r *request, there bool) {
	switch {
	case !there:
		delete(m[key], r)
		if len(m[key]) == 0 {
			delete(m, key)
		}
		return
	case m[key] == nil:
		m[key] = requests{}
	}
	m[key][r] = struct{}{}
}

func (w *waiters) has(r *request) bool {
	_, ok := w.all[r]
	return ok
}

// set takes up a request with r.blocked, or forgets it.
func (w *waiters) set(r *request, there bool) {
	if there {
		w.all[r] = struct{}{}
	} else {
		delete(w.all, r)
	}
	for _, on := range r.blocked.on {
		if id, ok := on.row(); ok {
			keep(w.rows, id, r, there)
		} else if place, ok := on.place(); ok {
			keep(w.places, place, r, there)
		} else {
			keep(w.tables, on.t, r, there)
		}
	}
}

// row is the only row that can match, if the condition names it.
func (on *reading) row() (rowKey, bool) {
	id, ok := on.cond.uuid()
	return rowKey{on.t, id}, ok && on.t.virtual == nil
}

// place is where every row that can match stands in an index.
func (on *reading) place() (indexPlace, bool) {
	if on.t.virtual != nil {
		return indexPlace{}, false
	}
	for i, cols := range on.t.indexes {
		if key, ok := indexKeyOf(cols, on.cond); ok {
			return indexPlace{on.t, i, key}, true
		}
	}
	return indexPlace{}, false
}

// concerned returns those whose answer a commit can change, in the order in
// which they came. Hot path: costs the changes times the requests that wait on
// what they touch, not on all.
func (w *waiters) concerned(l *layout, c *Commit) []*request {
	if len(w.all) == 0 {
		return nil
	}
	found := requests{}
	take := func(set requests) {
		for r := range set {
			found[r] = struct{}{}
		}
	}
	for i := range c.Changes {
		ch := &c.Changes[i]
		t := l.byName[ch.Table.Name]
		take(w.rows[rowKey{t, ch.UUID}])
		if len(w.places) > 0 {
			for n, cols := range t.indexes {
				for _, row := range []schema.Row{ch.Old, ch.New} {
					if row != nil {
						take(w.places[indexPlace{t, n, indexKey(cols, row)}])
					}
				}
			}
		}
		for r := range w.tables[t] {
			if r.blocked.sees(t, ch) {
				found[r] = struct{}{}
			}
		}
	}
	for t, set := range w.tables {
		if t.virtual != nil && touches(c, t) {
			take(set)
		}
	}
	return inOrder(found)
}

// inOrder returns requests in the order in which they came.
func inOrder(set requests) []*request {
	list := make([]*request, 0, len(set))
	for r := range set {
		list = append(list, r)
	}
	slices.SortFunc(list, byTurn)
	return list
}

// sees tells whether a change is to a row that was, or would now be, read.
func (b *blocked) sees(t *table, ch *Change) bool {
	return slices.ContainsFunc(b.on, func(on reading) bool {
		return on.t == t && (ch.Old != nil && on.cond.Match(ch.Old) || ch.New != nil && on.cond.Match(ch.New))
	})
}

// touches tells whether a commit changed the blobs of a virtual table, or what
// their rows depend on.
func touches(c *Commit, t *table) bool {
	return slices.ContainsFunc(c.Changes, t.turns) ||
		slices.ContainsFunc(c.Blobs, func(b BlobChange) bool { return strings.HasPrefix(b.Path, t.virtual.Path) })
}
