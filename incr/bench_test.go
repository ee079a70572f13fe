package incr_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/weft-sdn/weft/incr"
)

// million is 10,000 groups of 100 rows each; a derived row reads its own input
// row, its group's and one option for all.
type million struct {
	e      *incr.Engine
	rows   *incr.Input[uint32, int]
	groups *incr.Input[uint32, int]
	out    *incr.Table[uint32, int]
}

func newMillion(n int, opts ...incr.Option) *million {
	m := &million{e: incr.New(opts...)}
	m.rows = incr.NewInput[uint32](m.e, "rows", incr.Eq[int])
	m.groups = incr.NewInput[uint32](m.e, "groups", incr.Eq[int])
	option := incr.NewInput[string](m.e, "option", incr.Eq[int])
	m.out = incr.NewTable(m.e, "out", incr.Eq, incr.Keys(m.rows), func(r *incr.Reader, k uint32) (int, bool) {
		v, _ := incr.Get(r, m.rows, k)
		g, _ := incr.Get(r, m.groups, k/100)
		o, _ := incr.Get(r, option, "x")
		return v + g + o, true
	}).Feed()
	for i := range uint32(n) {
		m.rows.Set(i, int(i))
	}
	for i := range uint32(n / 100) {
		m.groups.Set(i, 0)
	}
	option.Set("x", 1)
	return m
}

// TestCostIsWhatDepends: with a million derived rows, a changed input computes
// those that read it and no other, and a single one allocates nothing.
func TestCostIsWhatDepends(t *testing.T) {
	m := newMillion(1_000_000)
	m.e.Commit()
	m.groups.Set(77, 1)
	if s := m.e.Commit(); s != (incr.Stats{Inputs: 1, Evaluated: 100, Changed: 100}) {
		t.Errorf("one group: %+v", s)
	}
	i := 0
	allocs := testing.AllocsPerRun(100, func() {
		i++
		m.rows.Set(123_456, -i)
		if s := m.e.Commit(); s != (incr.Stats{Inputs: 1, Evaluated: 1, Changed: 1}) {
			t.Errorf("one row: %+v", s)
		}
	})
	if allocs > 2 {
		t.Errorf("a commit of one row allocates %v times", allocs)
	}
}

func BenchmarkOneChange(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := newMillion(n)
			m.e.Commit()
			i := 0
			for b.Loop() {
				i++
				m.rows.Set(500, -i)
				m.e.Commit()
			}
		})
	}
}

func BenchmarkGroupOf100(b *testing.B) {
	m := newMillion(1_000_000)
	m.e.Commit()
	i := 0
	for b.Loop() {
		i++
		m.groups.Set(5, i)
		m.e.Commit()
	}
}

// BenchmarkMemory reports what a derived row costs with its key, value and
// three reads, without its input row.
func BenchmarkMemory(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	for b.Loop() {
		const n = 1_000_000
		m := newMillion(n)
		before := heap()
		m.e.Commit()
		b.ReportMetric(float64(heap()-before)/n, "B/row")
		runtime.KeepAlive(m)
	}
}

// BenchmarkFull computes a million rows, each with some work of its own.
func BenchmarkFull(b *testing.B) {
	for _, workers := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				e := incr.New(incr.Workers(workers))
				in := incr.NewInput[uint32](e, "in", incr.Eq[int])
				incr.NewTable(e, "out", incr.Eq, incr.Keys(in), func(r *incr.Reader, k uint32) (int, bool) {
					v, _ := incr.Get(r, in, k)
					for range 2000 {
						v = v*31 + int(k)
					}
					return v, true
				})
				for i := range uint32(200_000) {
					in.Set(i, int(i))
				}
				b.StartTimer()
				e.Commit()
			}
		})
	}
}
