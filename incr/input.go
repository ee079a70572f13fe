package incr

// Input is a table whose rows the program sets.
type Input[K comparable, V any] struct {
	Table[K, V]
}

// NewInput declares an input table. A row set to a value equal to the old one
// is no change; with a nil equal, every Set is one.
func NewInput[K comparable, V any](e *Engine, name string, equal func(a, b V) bool) *Input[K, V] {
	in := &Input[K, V]{}
	in.init(e, name, equal)
	in.input = true
	in.id = e.declare(in)
	return in
}

// Reset begins to set the table as a whole: rows that are not set until
// EndReset are deleted by it. A row set to what it was is no change.
func (in *Input[K, V]) Reset() {
	for c := range in.rows.n {
		in.rows.at(c).state &^= kept
	}
}

// EndReset ends what Reset began.
func (in *Input[K, V]) EndReset() {
	for c := range in.rows.n {
		if r := in.rows.at(c); r.state&(present|kept) == present {
			in.Delete(r.key)
		}
	}
}

// Set adds or replaces a row; it counts from the next commit on.
func (in *Input[K, V]) Set(k K, v V) {
	c := in.cell(k)
	in.touch(c)
	r := in.rows.at(c)
	r.state |= kept
	in.put(r, v, true)
}

// Delete removes a row, if it is there; it counts from the next commit on.
func (in *Input[K, V]) Delete(k K) {
	c, ok := in.ids.get(k)
	if !ok || in.rows.at(c).state&present == 0 {
		return
	}
	in.touch(c)
	var zero V
	r := in.rows.at(c)
	r.state &^= kept
	in.put(r, zero, false)
}

func (in *Input[K, V]) commit() {
	in.changes = trim(in.changes)
	in.fold()
	in.e.stats.Inputs += len(in.changed)
	in.settle()
}

func (in *Input[K, V]) mark(uint32) { panic("incr: an input is not computed") }

func (in *Input[K, V]) markAll() {}

func (in *Input[K, V]) rebuild() {}

func (in *Input[K, V]) compare(*Difference) {}
