package incr

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	batch = 1 << 13 // rows computed before their results are taken in
	grain = 16      // rows that a worker takes at a time
)

// derivation is what makes a table a derived one.
type derivation[K comparable, V any] struct {
	fn   func(*Reader, K) (V, bool)
	keys Source[K]
	todo []uint32 // dirty rows

	readers []*Reader // one per worker
	results []result[V]
}

type result[V any] struct {
	val                V
	ok                 bool
	err                *RowError
	reader             int // index into readers
	from, to           int // its reads
	absentFrom, absent int
}

// NewTable declares a derived table: it has a row for each key of keys for
// which fn returns true. A row computed anew that is equal to the old one
// counts as unchanged (a nil equal: never).
//
// fn must be pure, is called concurrently, and may read only tables and
// indexes declared earlier. If it panics, the row is absent and listed by
// Engine.Errors.
func NewTable[K comparable, V any](e *Engine, name string, equal func(a, b V) bool, keys Source[K],
	fn func(r *Reader, k K) (V, bool)) *Table[K, V] {
	t := &Table[K, V]{derive: &derivation[K, V]{fn: fn, keys: keys}}
	t.init(e, name, equal)
	t.id = e.declare(t)
	keys.subscribe(func(k K) { t.mark(t.cell(k)) })
	return t
}

func (t *Table[K, V]) mark(c uint32) {
	r := t.rows.at(c)
	if r.state&dirty == 0 {
		r.state |= dirty
		t.derive.todo = append(t.derive.todo, c)
	}
}

func (t *Table[K, V]) markAll() {
	for c := range t.rows.n {
		if t.rows.at(c).state&used != 0 {
			t.mark(c)
		}
	}
	for k := range t.derive.keys.each(false) {
		t.mark(t.cell(k))
	}
}

func (t *Table[K, V]) commit() {
	t.changes = trim(t.changes)
	d := t.derive
	for lo := 0; lo < len(d.todo); lo += batch {
		rows := d.todo[lo:min(lo+batch, len(d.todo))]
		t.evaluate(rows)
		for i, c := range rows {
			t.take(c, &d.results[i])
		}
		t.e.releaseOrphans()
	}
	d.todo = trim(d.todo)
	d.results = trim(d.results)
	t.e.stats.Changed += len(t.changed)
	t.settle()
}

// evaluate computes rows into results, in parallel where there are many.
func (t *Table[K, V]) evaluate(rows []uint32) {
	d := t.derive
	d.results = slices.Grow(d.results[:0], len(rows))[:len(rows)]
	workers := min(t.e.workers, (len(rows)+grain-1)/grain)
	for len(d.readers) < workers {
		d.readers = append(d.readers, &Reader{table: t.id, name: t.name})
	}
	for _, r := range d.readers {
		r.reads, r.absent = trim(r.reads), trim(r.absent)
	}
	t.e.stats.Evaluated += len(rows)
	if workers <= 1 {
		for i, c := range rows {
			t.eval(c, 0, &d.results[i])
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for {
				hi := int(next.Add(grain))
				lo := hi - grain
				if lo >= len(rows) {
					return
				}
				for i := lo; i < min(hi, len(rows)); i++ {
					t.eval(rows[i], w, &d.results[i])
				}
			}
		})
	}
	wg.Wait()
}

// eval computes one row on worker w.
func (t *Table[K, V]) eval(c uint32, w int, res *result[V]) {
	rd := t.derive.readers[w]
	*res = result[V]{reader: w, from: len(rd.reads), absentFrom: len(rd.absent)}
	if k := t.rows.at(c).key; t.derive.keys.has(k) {
		res.val, res.ok, res.err = t.call(rd, k)
	}
	mine := rd.reads[res.from:]
	slices.Sort(mine)
	rd.reads = rd.reads[:res.from+len(slices.Compact(mine))]
	res.to, res.absent = len(rd.reads), len(rd.absent)
}

// call calls the row function; a panic becomes an error.
func (t *Table[K, V]) call(rd *Reader, k K) (val V, ok bool, failed *RowError) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err, isErr := p.(error)
		if !isErr {
			err = fmt.Errorf("%v", p)
		}
		var zero V
		val, ok = zero, false
		failed = &RowError{Table: t.name, Key: keyText(k), Err: err, Stack: string(debug.Stack())}
	}()
	val, ok = t.derive.fn(rd, k)
	if !ok {
		var zero V
		val = zero
	}
	return val, ok, nil
}

// take makes the result of one row its value and its reads its dependencies.
func (t *Table[K, V]) take(c uint32, res *result[V]) {
	rd := t.derive.readers[res.reader]
	reads := rd.reads[res.from:res.to]
	if res.absent > res.absentFrom {
		reads = append(t.e.fresh[:0], reads...)
		for _, a := range rd.absent[res.absentFrom:res.absent] {
			reads = append(reads, uint64(a.node)<<32|uint64(t.e.nodes[a.node].cellOf(a.key)))
		}
		slices.Sort(reads)
		reads = slices.Compact(reads)
		t.e.fresh = reads
	}
	t.e.relink(t.id, c, reads)
	r := t.rows.at(c)
	if r.state&failed != 0 {
		delete(t.errs, c)
		t.e.failed--
	}
	r.state &^= dirty | failed
	if res.err != nil {
		t.errs[c] = res.err
		t.e.failed++
		r.state |= failed
	}
	had := r.state&present != 0
	if had == res.ok && (!had || t.same(r.val, res.val)) {
		t.release(c)
		return
	}
	t.set(c, res.val, res.ok)
}
