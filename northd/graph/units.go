package graph

import (
	"bytes"
	"sync"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Place is where a unit of flows is stored, and which northbound row it is
// there for.
type Place struct {
	Owner schema.UUID // of a Datapath_Binding or Logical_DP_Group
	Name  string      // of the unit below its owner
	// Wide is a Logical_DP_Group of more datapaths, on all of which the flows are
	// true, as they say themselves where they hold; zero for none. Agents of the
	// owner's datapaths alone get them, and need not make them for each.
	Wide schema.UUID
	// Table, Row and RowName are the northbound row that the flows have as
	// their hint, and that problems are told of; zero for flows of a class.
	Table   string
	Row     schema.UUID
	RowName string
}

// Units are lists of flows, one for each key. What a key stands for is read
// once and given to all features that write flows of it, each in its turn.
type Units[K comparable, V any] struct {
	g       *Graph
	name    string
	of      func(*incr.Reader, K) (V, bool)
	place   func(K, V) Place
	writers []writer[V]
	table   *incr.Table[K, *unit]
}

type writer[V any] struct {
	feature string
	write   func(*incr.Reader, *Flows, V)
}

// unit is the value of a table of flows. The flows are kept as a chunk, a fifth of
// their size.
type unit struct {
	path     string
	chunk    []byte
	problems []Problem
}

// NewUnits declares a list of flows for each key for which of finds something.
func NewUnits[K comparable, V any](g *Graph, name string, keys incr.Source[K], of func(*incr.Reader, K) (V, bool),
	place func(K, V) Place) *Units[K, V] {
	u := &Units[K, V]{g: g, name: name, of: of, place: place}
	g.afterAll(func() {
		u.table = Table(g, u.name, keys, u.row)
		follow(g, u.table, tellUnit[K])
		g.units = append(g.units, u.all)
		ProblemsOf(g, u.table, func(u *unit) []Problem { return u.problems })
	})
	return u
}

// UnitsOf declares a list of flows for each row of a table.
func UnitsOf[K comparable, V any](g *Graph, name string, rows *incr.Table[K, V], place func(K, V) Place) *Units[K, V] {
	return NewUnits(g, name, incr.Keys(rows), func(r *incr.Reader, k K) (V, bool) { return incr.Get(r, rows, k) }, place)
}

// Write makes a feature write flows of the units, behind those of features
// that said so before. The function must be pure, as that of a table.
func (u *Units[K, V]) Write(feature string, write func(r *incr.Reader, f *Flows, v V)) {
	if u.g.sealed {
		panic("graph: " + feature + " writes flows too late")
	}
	u.writers = append(u.writers, writer[V]{feature, write})
}

// row is the row function of the table of units.
func (u *Units[K, V]) row(r *incr.Reader, k K) (*unit, bool) {
	v, ok := u.of(r, k)
	if !ok {
		return nil, false
	}
	at := u.place(k, v)
	list := lists.Get().(*[]sb.Flow)
	f := Flows{list: (*list)[:0], Hint: at.Row, RowProblems: RowProblems{Table: at.Table, Row: at.Row, Name: at.RowName}}
	if u.g.drop != nil {
		f.drop, _ = incr.Get(r, u.g.drop, struct{}{})
	}
	for _, w := range u.writers {
		f.Source = w.feature
		w.write(r, &f, v)
	}
	out := &unit{problems: f.List}
	if len(f.list) > 0 {
		out.path = at.Owner.String() + "/" + sb.WideUnit(at.Name, at.Wide)
		out.chunk = sb.EncodeFlows(f.list)
	}
	clear(f.list)
	*list = f.list
	lists.Put(list)
	return out, out.chunk != nil || len(out.problems) > 0
}

// lists have the flows of a unit until they are encoded.
var lists = sync.Pool{New: func() any { return new([]sb.Flow) }}

// all are the units that have flows.
func (u *Units[K, V]) all(yield func(Unit) bool) {
	for _, unit := range u.table.All() {
		if unit.chunk != nil && !yield(Unit{unit.path, unit.chunk}) {
			return
		}
	}
}

func tellUnit[K comparable](o *Output, ch *incr.Change[K, *unit]) {
	var was, is unit
	if ch.Had {
		was = *ch.Old
	}
	if ch.Has {
		is = *ch.New
	}
	if was.chunk != nil && was.path != is.path {
		o.Units = append(o.Units, Unit{Path: was.path})
	}
	if is.chunk != nil && (was.path != is.path || !bytes.Equal(was.chunk, is.chunk)) {
		o.Units = append(o.Units, Unit{is.path, is.chunk})
	}
}

// InsteadOfDrop makes flows that only drop do something else, while the table
// has its row: the text of their actions. One feature may ask for it.
func (g *Graph) InsteadOfDrop(t *incr.Table[struct{}, string]) { g.drop = t }
