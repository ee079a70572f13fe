package graph

import (
	"maps"
	"reflect"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Numbers gives out numbers that stay with their objects, from 1 to a maximum
// in each of several spaces: tunnel keys of datapaths, those of the ports of a
// datapath, numbers of ACLs.
type Numbers struct {
	// Of is the number of each object that has one.
	Of *incr.Input[schema.UUID, int]
	// Bad says of objects why they have none, or not the one that they request.
	Bad *incr.Input[schema.UUID, string]

	what   string // for people
	max    int
	kept   []Kept
	given  map[schema.UUID]int // what objects had before the first Apply; of a follower, what they have
	spaces map[schema.UUID]*space
	// where is the space of each object that a follower knows; follows, while
	// somebody else gives out the numbers.
	where   map[schema.UUID]schema.UUID
	follows bool
	feeds   []func() // take the last commit's changes of wishes
	wishes  map[schema.UUID][]wish
}

// Wish is what an object wants: a number of a space, and which, or 0.
type Wish struct {
	Space   schema.UUID
	Request int
}

// Kept is where numbers are kept: a column of the rows of a southbound table
// that have the objects' UUIDs.
type Kept struct {
	row    schema.Row // a nil one, for its type
	table  string
	number func(schema.Row) int
}

// KeptIn says which column of rows of type R holds numbers.
func KeptIn[R schema.Row](number func(R) int64) Kept {
	var row R
	return Kept{row: row, number: func(row schema.Row) int { return int(number(row.(R))) }}
}

// NewNumbers declares numbers from 1 to size in each space. Name is the
// input's, what says to people what the numbers are: "tunnel key".
func NewNumbers(g *Graph, name, what string, size int, kept ...Kept) *Numbers {
	n := &Numbers{
		Of: incr.NewInput[schema.UUID](g.Engine, name, incr.Eq[int]), Bad: incr.NewInput[schema.UUID](g.Engine, name+" problem", incr.Eq[string]),
		what: what, max: size, kept: kept, given: map[schema.UUID]int{}, spaces: map[schema.UUID]*space{},
		where: map[schema.UUID]schema.UUID{}, wishes: map[schema.UUID][]wish{},
	}
	for i := range kept {
		kept[i].table = g.config.SB.TableOf(kept[i].row).Name
	}
	g.numbers = append(g.numbers, n)
	return n
}

// Number makes the rows of a table objects that want a number.
func Number[V any](n *Numbers, rows *incr.Table[schema.UUID, V], wishOf func(V) (Wish, bool)) {
	rows.Feed()
	n.feeds = append(n.feeds, func() {
		for _, ch := range rows.Changes() {
			var was, is Wish
			var had, has bool
			if ch.Had {
				was, had = wishOf(ch.Old)
			}
			if ch.Has {
				is, has = wishOf(ch.New)
			}
			if had && (!has || was.Space != is.Space) {
				n.wishes[was.Space] = append(n.wishes[was.Space], wish{id: ch.Key, gone: true})
			}
			if has && (!had || was != is) {
				n.wishes[is.Space] = append(n.wishes[is.Space], wish{id: ch.Key, request: is.Request})
			}
		}
	})
}

// remember takes the numbers that were given out before.
func (n *Numbers) remember(rows []schema.Row) {
	for _, row := range rows {
		for _, k := range n.kept {
			if reflect.TypeOf(row) == reflect.TypeOf(k.row) {
				n.given[row.RowUUID()] = k.number(row)
				n.again(row.RowUUID())
			}
		}
	}
}

// take notes the wishes of the last commit.
func (n *Numbers) take() {
	for _, f := range n.feeds {
		f()
	}
}

// settle fulfils the wishes and tells whether a number, or what is wrong with
// one, has changed.
func (n *Numbers) settle() bool {
	if len(n.wishes) == 0 {
		return false
	}
	// An object that changes spaces leaves one and enters another: the number
	// it has is the one of the space that it is in.
	type result struct {
		s   *space
		ids []schema.UUID
	}
	var settled []result
	for _, at := range slices.SortedFunc(maps.Keys(n.wishes), schema.UUID.Compare) {
		s := n.spaces[at]
		if s == nil {
			s = newSpace(n.what, n.max)
			n.spaces[at] = s
		}
		wishes := n.wishes[at]
		slices.SortStableFunc(wishes, func(a, b wish) int { return a.id.Compare(b.id) })
		if n.follows {
			settled = append(settled, result{s, s.follow(wishes, n.given)})
			n.note(at, wishes)
		} else {
			settled = append(settled, result{s, s.settle(wishes, n.given)})
		}
		if len(s.want) == 0 {
			delete(n.spaces, at)
		}
	}
	clear(n.wishes)
	if !n.follows {
		clear(n.given)
	}
	changed := false
	for _, left := range []bool{true, false} {
		for _, r := range settled {
			for _, id := range r.ids {
				if _, in := r.s.want[id]; in != left {
					changed = n.publish(r.s, id) || changed
				}
			}
		}
	}
	return changed
}

// publish makes the number of a space's object an input.
func (n *Numbers) publish(s *space, id schema.UUID) bool {
	k, ok := s.keys[id]
	old, had := n.Of.Get(id)
	switch {
	case ok:
		n.Of.Set(id, k)
	case had:
		n.Of.Delete(id)
	}
	why := s.problem(id)
	oldWhy, _ := n.Bad.Get(id)
	if why == "" {
		n.Bad.Delete(id)
	} else {
		n.Bad.Set(id, why)
	}
	return ok != had || k != old || why != oldWhy
}
