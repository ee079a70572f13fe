package incr

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestResetModel: whatever is set, deleted and committed between Reset and
// EndReset, and how often either is called, what is there in the end is what was
// set since; no cell is kept for what is not.
func TestResetModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := New()
		in := NewInput[uint8](e, "in", Eq[int])
		rows, since := map[uint8]int{}, map[uint8]bool(nil)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			k := rapid.Uint8Range(0, 3).Draw(t, "key")
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0:
				in.Reset()
				since = map[uint8]bool{}
			case 1:
				if since != nil {
					in.EndReset()
					maps.DeleteFunc(rows, func(k uint8, _ int) bool { return !since[k] })
					since = nil
				}
			case 2, 3:
				in.Delete(k)
				delete(rows, k)
			case 4:
				e.Commit()
			default:
				v := rapid.IntRange(0, 3).Draw(t, "value")
				in.Set(k, v)
				rows[k] = v
				if since != nil {
					since[k] = true
				}
			}
			if got := maps.Collect(in.All()); !maps.Equal(got, rows) || in.Len() != len(rows) {
				t.Fatalf("%d rows, %v, want %v", in.Len(), got, rows)
			}
		}
		if e.Commit(); since != nil {
			in.EndReset()
			maps.DeleteFunc(rows, func(k uint8, _ int) bool { return !since[k] })
			e.Commit()
		}
		if cells := in.held(); cells != len(rows) {
			t.Fatalf("%d cells for %d rows", cells, len(rows))
		}
	})
}
