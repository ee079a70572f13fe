package graph

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// WriteBack declares that northd sets a column of northbound rows: want says
// to what, or false where it leaves the column alone; field is where the
// column is in a row.
func WriteBack[R schema.Row, V any](g *Graph, rows *RowTable[R], column string, field func(R) *V,
	want func(r *incr.Reader, row R) (V, bool)) {
	t, _ := tableOf[R](g)
	g.unread.reads(t, []string{column})
	same := incr.Deep[V]()
	// The table has a row as long as the northbound row is not as it should be.
	table := Table(g, "write-back of "+t.Name+"."+column, incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (w wanted[V], ok bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return w, false
		}
		v, ok := want(r, row)
		return wanted[V]{v, schema.HeaderOf(row).Version}, ok && !same(v, *field(row))
	})
	follow(g, table, func(o *Output, ch *incr.Change[schema.UUID, wanted[V]]) {
		old, ok := rows.Get(ch.Key)
		if !ch.Has || !ok {
			o.Met = append(o.Met, Change{Table: t.Name, UUID: ch.Key, Columns: []string{column}})
			return
		}
		row := t.Clone(old).(R)
		*field(row) = ch.New.value
		o.NB = append(o.NB, Change{Table: t.Name, UUID: ch.Key, Old: old, New: row, Columns: []string{column}})
	})
}

// wanted is what a column shall be, and the version of the row in which it is
// not: a write that somebody undid is asked for again.
type wanted[V any] struct {
	value   V
	version schema.UUID
}
