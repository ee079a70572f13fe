package graph

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Graph holds what was declared. One goroutine owns it.
type Graph struct {
	Engine *incr.Engine

	config  Config
	inputs  map[string]input // by database and table
	watches []watch
	numbers []*Numbers
	// rows are the southbound rows that are wanted, by table; units the units.
	rows   map[string][]iter.Seq[schema.Row]
	units  []iter.Seq[Unit]
	late   []func() // declarations that come behind those of all features
	sealed bool
	drop   *incr.Table[struct{}, string] // see InsteadOfDrop

	options []Declaration
	unread  unread

	problems problemCount
	stats    incr.Stats
}

// Config is what a graph is made for.
type Config struct {
	NB, SB *schema.Database
	// Workers is how many goroutines evaluate rows; 0 means GOMAXPROCS.
	Workers int
}

// New returns a graph without declarations.
func New(c Config) *Graph {
	var opts []incr.Option
	if c.Workers > 0 {
		opts = append(opts, incr.Workers(c.Workers))
	}
	return &Graph{
		Engine: incr.New(opts...), config: c, inputs: map[string]input{}, rows: map[string][]iter.Seq[schema.Row]{}, unread: newUnread(),
	}
}

// Table declares a derived table: see incr.NewTable. Rows computed anew are
// compared by all that they hold.
func Table[K comparable, V any](g *Graph, name string, keys incr.Source[K], fn func(*incr.Reader, K) (V, bool)) *incr.Table[K, V] {
	return incr.NewTable(g.Engine, name, incr.Deep[V](), keys, fn)
}

// afterAll makes a declaration when all features are declared.
func (g *Graph) afterAll(declare func()) { g.late = append(g.late, declare) }

// seal makes the late declarations.
func (g *Graph) seal() {
	if g.sealed {
		return
	}
	g.sealed = true
	for i := 0; i < len(g.late); i++ { // a late one may bring others
		g.late[i]()
	}
	g.unread.seal(g.config.NB)
}

// Apply takes what changed and returns what changes because of it.
//
// Hot path: cost depends on what the changes touch, not on the size of the
// network; BenchmarkAddPort of package northd pins it.
func (g *Graph) Apply(in Input) Output {
	g.seal()
	for _, n := range g.numbers {
		n.lost(in.Lost)
		n.remember(in.Kept)
	}
	g.feed(northbound, in.NB)
	g.feed(southbound, in.SB)
	g.unread.note(in.NB)
	g.stats = incr.Stats{}
	g.commit()
	// A number lets rows appear that want others: a port's, once its
	// datapath has one. Each kind of numbers is waited for at most once more.
	for range len(g.numbers) + 1 {
		changed := false
		for _, n := range g.numbers {
			changed = n.settle() || changed
		}
		if !changed {
			break
		}
		g.commit()
	}
	return g.output()
}

func (g *Graph) commit() {
	s := g.Engine.Commit()
	g.stats.Inputs += s.Inputs
	g.stats.Evaluated += s.Evaluated
	g.stats.Changed += s.Changed
	for _, w := range g.watches {
		w.take()
	}
	for _, n := range g.numbers {
		n.take()
	}
}

func (g *Graph) output() Output {
	var o Output
	for _, w := range g.watches {
		w.tell(&o)
	}
	g.problems.failures(g.Engine.Errors())
	g.problems.tell(&o)
	o.sort()
	return o
}

// sort sorts what tables have told. A row or unit that one table has no more and another
// has now is changed, whichever told first.
func (o *Output) sort() {
	slices.SortFunc(o.Rows, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), a.UUID.Compare(b.UUID))
	})
	o.Rows = merge(o.Rows, func(a, b Change) bool { return a.Table == b.Table && a.UUID == b.UUID }, func(a, b Change) Change {
		if a.Old == nil {
			a, b = b, a
		}
		a.New = b.New
		return a
	})
	slices.SortFunc(o.Units, func(a, b Unit) int { return cmp.Compare(a.Path, b.Path) })
	o.Units = merge(o.Units, func(a, b Unit) bool { return a.Path == b.Path }, func(a, b Unit) Unit {
		if a.Chunk != nil {
			return a
		}
		return b
	})
	for _, back := range [][]Change{o.NB, o.Met} {
		slices.SortFunc(back, func(a, b Change) int {
			return cmp.Or(a.UUID.Compare(b.UUID), slices.Compare(a.Columns, b.Columns))
		})
	}
}

// merge makes neighbours that are the same one of them.
func merge[T any](sorted []T, same func(a, b T) bool, one func(a, b T) T) []T {
	out := sorted[:0]
	for _, v := range sorted {
		if n := len(out); n > 0 && same(out[n-1], v) {
			out[n-1] = one(out[n-1], v)
			continue
		}
		out = append(out, v)
	}
	clear(sorted[len(out):])
	return out
}

// Stats says how much the last Apply computed.
func (g *Graph) Stats() incr.Stats { return g.stats }

// Check compares all tables with what computing them from nothing gives. It
// returns nil, or an error that says which rows differ.
func (g *Graph) Check() error {
	if err := g.Engine.Check(); err != nil {
		return err
	}
	paths := map[string]bool{}
	for _, all := range g.units {
		for u := range all {
			if paths[u.Path] {
				return fmt.Errorf("graph: unit %s has two writers", u.Path)
			}
			paths[u.Path] = true
		}
	}
	return g.unread.check(g)
}

// Problems returns all problems, sorted. The slice is never written to again.
func (g *Graph) Problems() []Problem { return g.problems.all }

// OutputTables are the southbound tables that the graph writes all rows of.
func (g *Graph) OutputTables() []string {
	g.seal()
	return sortedNames(g.rows)
}

// KeptTables are the southbound tables whose rows hold numbers given out.
func (g *Graph) KeptTables() []string {
	tables := map[string]bool{}
	for _, n := range g.numbers {
		for _, k := range n.kept {
			tables[k.table] = true
		}
	}
	return sortedNames(tables)
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// watch follows the changes of a table over the commits of an Apply.
type watch interface {
	take()
	tell(*Output)
}

type watched[K comparable, V any] struct {
	table   *incr.Table[K, V]
	emit    func(*Output, *incr.Change[K, V])
	changes []incr.Change[K, V]
}

// follow calls emit with what an Apply has changed in a table: each row once,
// in the order of their keys but for those that came with a second commit.
func follow[K comparable, V any](g *Graph, t *incr.Table[K, V], emit func(*Output, *incr.Change[K, V])) {
	g.watches = append(g.watches, &watched[K, V]{table: t.Feed(), emit: emit})
}

// take appends the changes of the last commit to those of an earlier one: a
// row that changed in both has one change.
func (w *watched[K, V]) take() {
	changes := w.table.Changes()
	if len(w.changes) == 0 {
		w.changes = append(w.changes, changes...)
		return
	}
	if len(changes) == 0 {
		return
	}
	at := make(map[K]int, len(w.changes))
	for i, ch := range w.changes {
		at[ch.Key] = i
	}
	for _, ch := range changes {
		if i, ok := at[ch.Key]; ok {
			w.changes[i].New, w.changes[i].Has = ch.New, ch.Has
		} else {
			w.changes = append(w.changes, ch)
		}
	}
	w.changes = slices.DeleteFunc(w.changes, func(ch incr.Change[K, V]) bool { return !ch.Had && !ch.Has })
}

func (w *watched[K, V]) tell(o *Output) {
	for i := range w.changes {
		w.emit(o, &w.changes[i])
	}
	if cap(w.changes) > 256 {
		w.changes = nil // what one huge change needed
		return
	}
	clear(w.changes)
	w.changes = w.changes[:0]
}

// Rows declares rows of the southbound table of row type R; other
// declarations may have other rows of it. The name is the table's among those
// of the graph.
func Rows[K comparable, R schema.Row](g *Graph, name string, keys incr.Source[K], fn func(*incr.Reader, K) (R, bool)) *incr.Table[K, R] {
	rows := Table(g, name, keys, fn)
	t, _ := tableOf[R](g)
	g.rows[t.Name] = append(g.rows[t.Name], func(yield func(schema.Row) bool) {
		for _, row := range rows.All() {
			if !yield(row) {
				return
			}
		}
	})
	follow(g, rows, func(o *Output, ch *incr.Change[K, R]) {
		c := Change{Table: t.Name}
		if ch.Had {
			c.Old, c.UUID = ch.Old, ch.Old.RowUUID()
		}
		if ch.Has {
			c.New, c.UUID = ch.New, ch.New.RowUUID()
		}
		o.Rows = append(o.Rows, c)
	})
	return rows
}
