package store

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
)

// A trie behaves as a map, iterates in order, and its snapshots stay as they
// were.
func TestTrieProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tr trie[int]
		model := map[schema.UUID]int{}
		type snap struct {
			tr    trie[int]
			model map[schema.UUID]int
		}
		var snaps []snap
		e := new(edit)
		for i := range rapid.IntRange(1, 200).Draw(t, "n") {
			// Few distinct nibbles, so that long common prefixes are met.
			var k schema.UUID
			k[0] = byte(rapid.IntRange(0, 3).Draw(t, "k0"))
			k[15] = byte(rapid.IntRange(0, 40).Draw(t, "k15"))
			switch rapid.IntRange(0, 9).Draw(t, "op") {
			case 0:
				m := map[schema.UUID]int{}
				for k, v := range model {
					m[k] = v
				}
				snaps = append(snaps, snap{tr, m})
				e = new(edit)
			case 1, 2, 3:
				_, want := model[k]
				if got := tr.delete(e, k); got != want {
					t.Fatalf("delete %s = %v", k, got)
				}
				delete(model, k)
			default:
				tr.set(e, k, i)
				model[k] = i
			}
		}
		snaps = append(snaps, snap{tr, model})
		for _, s := range snaps {
			checkTrie(t, &s.tr, s.model)
		}
	})
}

func checkTrie(t *rapid.T, tr *trie[int], model map[schema.UUID]int) {
	var keys []schema.UUID
	for k, v := range tr.all() {
		if model[k] != v {
			t.Fatalf("%s = %d, want %d", k, v, model[k])
		}
		keys = append(keys, k)
	}
	if len(keys) != len(model) || tr.n != len(model) {
		t.Fatalf("%d keys, n %d, want %d", len(keys), tr.n, len(model))
	}
	if !slices.IsSortedFunc(keys, schema.UUID.Compare) {
		t.Fatal("not in order")
	}
	for k := range model {
		n := 0
		for other := range model {
			if other[0] == k[0] {
				n++
			}
		}
		for _, nibbles := range []int{1, 2, 3, 30} {
			for found, v := range tr.under(k, nibbles) {
				if nibbles > 1 && found[0] != k[0] || model[found] != v {
					t.Fatalf("under %d nibbles of %s: %s = %d", nibbles, k, found, v)
				}
				if nibbles == 2 {
					n--
				}
			}
		}
		if n != 0 {
			t.Fatalf("%d keys under the first byte of %s were not found", n, k)
		}
	}
	for k, v := range model {
		if got, ok := tr.get(k); !ok || got != v {
			t.Fatalf("get %s = %d, %v, want %d", k, got, ok, v)
		}
	}
}
