package graph

import (
	"maps"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"pgregory.net/rapid"
)

func TestKeys(t *testing.T) {
	a, b, c, d := schema.UUID{1}, schema.UUID{2}, schema.UUID{3}, schema.UUID{4}
	for _, tc := range []struct {
		name    string
		steps   [][]wish
		given   map[schema.UUID]int
		keys    map[schema.UUID]int
		unhappy []schema.UUID
	}{
		{"lowest free, in order", [][]wish{{{id: a}, {id: b}}, {{id: a, gone: true}}, {{id: c}, {id: d}}}, nil,
			map[schema.UUID]int{b: 2, c: 1, d: 3}, nil},
		{"given keys stay", [][]wish{{{id: a}, {id: b}, {id: c}}}, map[schema.UUID]int{b: 1, c: 1, a: 99},
			map[schema.UUID]int{a: 2, b: 1, c: 3}, nil},
		{"a request takes the key of who does not ask", [][]wish{{{id: a}, {id: b}}, {{id: c, request: 1}}}, nil,
			map[schema.UUID]int{a: 3, b: 2, c: 1}, nil},
		{"of two requests the holder's stays", [][]wish{{{id: b, request: 2}}, {{id: a, request: 2}}}, nil,
			map[schema.UUID]int{a: 1, b: 2}, []schema.UUID{a}},
		{"who waits for a key gets it", [][]wish{{{id: b, request: 2}}, {{id: a, request: 2}}, {{id: b}}}, nil,
			map[schema.UUID]int{a: 2, b: 1}, nil},
		{"exhaustion and relief", [][]wish{{{id: a}, {id: b}, {id: c}, {id: d}}, {{id: b, gone: true}}}, nil,
			map[schema.UUID]int{a: 1, c: 3, d: 2}, nil},
		{"exhaustion", [][]wish{{{id: a}, {id: b}, {id: c}, {id: d}}}, nil,
			map[schema.UUID]int{a: 1, b: 2, c: 3}, []schema.UUID{d}},
		{"a chain of requests", [][]wish{{{id: a, request: 1}, {id: b, request: 1}, {id: c, request: 2}}, {{id: a, request: 3}}}, nil,
			map[schema.UUID]int{a: 3, b: 1, c: 2}, nil},
	} {
		s := newSpace("key", 3)
		for _, w := range tc.steps {
			s.settle(w, tc.given)
		}
		if !maps.Equal(s.keys, tc.keys) {
			t.Errorf("%s: keys %v, want %v", tc.name, s.keys, tc.keys)
		}
		for u := range s.want {
			if (s.problem(u) != "") != slices.Contains(tc.unhappy, u) {
				t.Errorf("%s: problem of %v: %q", tc.name, u[0], s.problem(u))
			}
		}
	}
}

// TestKeysSurvive: a space that is given its keys gives them out again, and
// what settle returns covers all that changed.
func TestKeysSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSpace("key", 6)
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			before, why := maps.Clone(s.keys), map[schema.UUID]string{}
			for u := range s.want {
				why[u] = s.problem(u)
			}
			byID := map[schema.UUID]wish{}
			for range rapid.IntRange(1, 4).Draw(t, "wishes") {
				u := schema.UUID{byte(rapid.IntRange(1, 9).Draw(t, "id"))}
				_, there := s.want[u]
				byID[u] = wish{u, rapid.IntRange(0, 7).Draw(t, "request"), there && rapid.Bool().Draw(t, "gone")}
			}
			wishes := slices.SortedFunc(maps.Values(byID), func(a, b wish) int { return a.id.Compare(b.id) })
			touched := s.settle(wishes, nil)
			for n := range byte(10) {
				u := schema.UUID{n}
				if (before[u] != s.keys[u] || why[u] != s.problem(u)) && !slices.Contains(touched, u) {
					t.Fatalf("%v changed, settle returned %v", u, touched)
				}
			}
			fresh := newSpace("key", 6)
			var all []wish
			for n := range byte(10) {
				if r, ok := s.want[schema.UUID{n}]; ok {
					all = append(all, wish{id: schema.UUID{n}, request: r})
				}
			}
			fresh.settle(all, maps.Clone(s.keys))
			if !maps.Equal(fresh.keys, s.keys) {
				t.Fatalf("keys %v, given to a fresh space %v", s.keys, fresh.keys)
			}
			if len(s.keys)+len(s.keyless) != len(s.want) || len(s.keyless) > 0 && len(s.keys) < 6 {
				t.Fatalf("%d want keys, %d have one, %d have none", len(s.want), len(s.keys), len(s.keyless))
			}
		}
	})
}
