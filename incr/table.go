package incr

import (
	"fmt"
	"iter"
	"slices"
	"sort"
	"unsafe"
)

// Table holds rows by key; NewInput, NewTable and a Digraph make them.
type Table[K comparable, V any] struct {
	e     *Engine
	id    uint16
	name  string
	equal func(a, b V) bool
	order order

	ids  cells[K]
	rows pages[row[K, V]]
	n    int // rows present

	changed []change[V] // of the commit that is going on
	feed    bool
	changes []Change[K, V]

	keyed   []func(K)       // tables that have this one's keys: the key came or went
	indexes []indexed[K, V] // indexes of this table, graphs over it
	shadow  map[K]V         // Check: the table computed from nothing
	errs    map[uint32]*RowError
	input   bool              // its rows are set, so that Check takes them as they are
	derive  *derivation[K, V] // nil: no function computes its rows
}

// row is a cell of a table. It exists while the row is present, is read by
// somebody, or is to be computed.
type row[K comparable, V any] struct {
	key     K
	val     V
	readers uint32 // first edge of those who read it
	deps    uint32 // first edge of what it read
	state   uint8
}

const (
	used    = 1 << iota // the cell is not free
	present             // the row is there
	dirty               // touched in this commit, or to be computed
	failed              // its function panicked: it is in errs
	kept                // set since the last Reset
)

type change[V any] struct {
	row uint32
	had bool
	old V
}

// Change is one changed row of a commit: added (Had is false), deleted (Has is
// false) or changed.
type Change[K comparable, V any] struct {
	Key      K
	Old, New V
	Had, Has bool
}

// Rows is what can be read: a *Table or an *Input.
type Rows[K comparable, V any] interface{ rowsOf() *Table[K, V] }

type indexed[K comparable, V any] interface {
	update(row uint32, k K, had bool, old V, has bool, val V)
	settle()
}

func (t *Table[K, V]) init(e *Engine, name string, equal func(a, b V) bool) {
	t.e, t.name, t.equal, t.order, t.errs = e, name, equal, orderOf[K](), map[uint32]*RowError{}
	t.ids = newCells(func(c uint32) K { return t.rows.at(c).key })
}

func (t *Table[K, V]) rowsOf() *Table[K, V] { return t }

// Name returns the name given at declaration.
func (t *Table[K, V]) Name() string { return t.name }

// Len returns the number of rows.
func (t *Table[K, V]) Len() int { return t.n }

func (t *Table[K, V]) compareKeys(a, b *K) int { return t.order(unsafe.Pointer(a), unsafe.Pointer(b)) }

// byKey compares the keys of two cells.
func (t *Table[K, V]) byKey(a, b uint32) int {
	return t.compareKeys(&t.rows.at(a).key, &t.rows.at(b).key)
}

// sortKeys sorts keys.
func (t *Table[K, V]) sortKeys(keys []K) {
	sort.Slice(keys, func(i, j int) bool { return t.compareKeys(&keys[i], &keys[j]) < 0 })
}

// Get returns a row; row functions use the function Get instead.
func (t *Table[K, V]) Get(k K) (V, bool) {
	if c, ok := t.ids.get(k); ok && t.rows.at(c).state&present != 0 {
		return t.rows.at(c).val, true
	}
	var zero V
	return zero, false
}

// All returns the rows in the order of their keys.
func (t *Table[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		cells := make([]uint32, 0, t.n)
		for c := range t.rows.n {
			if t.rows.at(c).state&present != 0 {
				cells = append(cells, c)
			}
		}
		slices.SortFunc(cells, t.byKey)
		for _, c := range cells {
			if r := t.rows.at(c); !yield(r.key, r.val) {
				return
			}
		}
	}
}

// Feed makes the table keep the changes of each commit for Changes.
func (t *Table[K, V]) Feed() *Table[K, V] {
	t.feed = true
	return t
}

// Changes returns what the last commit changed, in the order of the keys; only
// after Feed.
func (t *Table[K, V]) Changes() []Change[K, V] {
	if !t.feed {
		panic("incr: " + t.name + " keeps no changes: declare it with Feed")
	}
	return t.changes
}

func (t *Table[K, V]) label() string { return t.name }

func (t *Table[K, V]) readers(c uint32) *uint32 { return &t.rows.at(c).readers }

func (t *Table[K, V]) deps(c uint32) *uint32 { return &t.rows.at(c).deps }

func (t *Table[K, V]) cellOf(key any) uint32 { return t.cell(key.(K)) }

// cell returns the cell of a key, made if it is not there.
func (t *Table[K, V]) cell(k K) uint32 {
	if c, ok := t.ids.get(k); ok {
		return c
	}
	c := t.rows.take()
	r := t.rows.at(c)
	r.key, r.state = k, used
	t.ids.add(k, c)
	return c
}

func (t *Table[K, V]) release(c uint32) {
	r := t.rows.at(c)
	if r.state != used || r.readers != 0 || r.deps != 0 {
		return
	}
	t.ids.remove(r.key)
	t.rows.give(c)
}

// set makes the row's value val, or absent, and notes what it was.
func (t *Table[K, V]) set(c uint32, val V, has bool) {
	r := t.rows.at(c)
	had := r.state&present != 0
	t.changed = append(t.changed, change[V]{row: c, had: had, old: r.val})
	t.put(r, val, has)
}

func (t *Table[K, V]) put(r *row[K, V], val V, has bool) {
	if r.state&present != 0 {
		t.n--
	}
	r.val = val
	r.state &^= present
	if has {
		r.state |= present
		t.n++
	}
}

// touch notes the value that a row had before this commit.
func (t *Table[K, V]) touch(c uint32) {
	r := t.rows.at(c)
	if r.state&dirty != 0 {
		return
	}
	r.state |= dirty
	t.changed = append(t.changed, change[V]{row: c, had: r.state&present != 0, old: r.val})
}

// fold leaves of the touched rows those that differ from before.
func (t *Table[K, V]) fold() {
	changed := t.changed[:0]
	for _, ch := range t.changed {
		r := t.rows.at(ch.row)
		r.state &^= dirty
		has := r.state&present != 0
		if ch.had == has && (!has || t.same(ch.old, r.val)) {
			t.release(ch.row)
			continue
		}
		changed = append(changed, ch)
	}
	t.changed = changed
}

func (t *Table[K, V]) same(a, b V) bool { return t.equal != nil && t.equal(a, b) }

// settle tells those who depend on the rows in t.changed.
func (t *Table[K, V]) settle() {
	if t.feed {
		t.changes = slices.Grow(t.changes, len(t.changed))
	}
	for i := range t.changed {
		ch := &t.changed[i]
		r := t.rows.at(ch.row)
		has := r.state&present != 0
		t.e.markReaders(r.readers)
		for _, ix := range t.indexes {
			ix.update(ch.row, r.key, ch.had, ch.old, has, r.val)
		}
		if ch.had != has {
			for _, f := range t.keyed {
				f(r.key)
			}
		}
		if t.feed {
			t.changes = append(t.changes, Change[K, V]{Key: r.key, Old: ch.old, New: r.val, Had: ch.had, Has: has})
		}
	}
	for _, ix := range t.indexes {
		ix.settle()
	}
	for i := range t.changed {
		t.release(t.changed[i].row)
	}
	if len(t.changes) > 1 {
		// Not slices.SortFunc, of which each type of rows would have its own.
		sort.Slice(t.changes, func(i, j int) bool { return t.compareKeys(&t.changes[i].Key, &t.changes[j].Key) < 0 })
	}
	t.changed = trim(t.changed)
}

func (t *Table[K, V]) failures() []*RowError {
	cells := make([]uint32, 0, len(t.errs))
	for c := range t.errs {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, t.byKey)
	errs := make([]*RowError, len(cells))
	for i, c := range cells {
		errs[i] = t.errs[c]
	}
	return errs
}

// trim empties a slice for use in the next commit, but does not hold on to
// what one huge commit needed.
func trim[T any](s []T) []T {
	if uintptr(cap(s))*unsafe.Sizeof(*new(T)) > maxKept {
		return nil
	}
	clear(s)
	return s[:0]
}

// maxKept is the most that a slice keeps between commits, in bytes. There are
// several to a table, and to an agent's tables dozens.
const maxKept = 16 << 10

func keyText(k any) string { return fmt.Sprint(k) }
