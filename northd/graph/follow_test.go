package graph

import (
	"maps"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"pgregory.net/rapid"
)

// TestFollow: a space that follows has the keys of the one that leads as far as
// it was told them, however late and whatever it has seen of the objects; when it
// leads, no object has another key than it was told.
func TestFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leader, follower := newSpace("key", 6), newSpace("key", 6)
		told := map[schema.UUID]int{}
		var late []wish
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			byID := map[schema.UUID]wish{}
			for range rapid.IntRange(0, 3).Draw(t, "wishes") {
				u := schema.UUID{byte(rapid.IntRange(1, 9).Draw(t, "id"))}
				_, there := leader.want[u]
				byID[u] = wish{u, rapid.IntRange(0, 7).Draw(t, "request"), there && rapid.Bool().Draw(t, "gone")}
			}
			wishes := slices.SortedFunc(maps.Values(byID), func(a, b wish) int { return a.id.Compare(b.id) })
			leader.settle(wishes, nil)
			late = append(late, wishes...)
			var again []wish
			if rapid.Bool().Draw(t, "tell") {
				told = maps.Clone(leader.keys)
				for id := range told {
					if r, ok := follower.want[id]; ok && follower.keys[id] != told[id] {
						again = append(again, wish{id: id, request: r})
					}
				}
			}
			if rapid.Bool().Draw(t, "see") {
				again, late = append(again, late...), nil
			}
			follower.follow(again, told)
			for id := range follower.want {
				if k, ok := told[id]; ok && follower.keys[id] != k {
					t.Fatalf("%v has key %d, was told %d", id[0], follower.keys[id], k)
				}
				if follower.problem(id) != "" {
					t.Fatalf("a problem of a follower: %s", follower.problem(id))
				}
			}
		}
		told = maps.Clone(leader.keys)
		for id := range leader.want {
			late = append(late, wish{id: id, request: leader.want[id]})
		}
		follower.follow(late, told)
		follower.settle(nil, nil)
		if !maps.Equal(follower.keys, leader.keys) {
			t.Fatalf("keys %v, of the leader before %v", follower.keys, leader.keys)
		}
		for id := range leader.want {
			if follower.problem(id) != leader.problem(id) {
				t.Fatalf("problem %q, of the leader before %q", follower.problem(id), leader.problem(id))
			}
		}
	})
}
