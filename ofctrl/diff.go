package ofctrl

import (
	"cmp"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// installed is what the switch holds for a key.
type installed struct {
	cookie  uint64
	actions ofp.Actions
	// odd: not a flow of the kind that we add (it has a timeout, flags or
	// other instructions, or parts that we cannot read); never as wanted.
	odd bool
}

// flowOp is one step from what the switch has to what is wanted.
type flowOp struct {
	key    Key
	hash   hash // of the key
	delete bool
	want   installed
	owner  string
}

// diffFlow compares one key; want is nil where nothing is. ok is false where
// there is nothing to do.
func diffFlow(k Key, want *Flow, have installed, there bool) (op flowOp, ok bool) {
	switch {
	case want == nil && !there:
		return flowOp{}, false
	case want == nil:
		return flowOp{key: k, delete: true}, true
	case there && !have.odd && have.cookie == want.Cookie && have.actions == want.Actions:
		return flowOp{}, false
	}
	return flowOp{key: k, want: installed{cookie: want.Cookie, actions: want.Actions}}, true
}

// compareKeys orders keys by table, priority (highest first) and match.
func compareKeys(a, b Key) int {
	return cmp.Or(
		cmp.Compare(a.Table, b.Table),
		cmp.Compare(b.Priority, a.Priority),
		strings.Compare(string(a.Match), string(b.Match)),
	)
}

// idOp is one step for a group or meter: to body, or away with it.
type idOp[B ~string] struct {
	id   uint32
	body B // empty: delete
	was  B // empty: not there
	// whole: the switch did not take the difference alone.
	whole bool
}

// diffIDs compares the bodies of the ids given, in order of id.
func diffIDs[B ~string](ids map[uint32]struct{}, want func(uint32) B, have map[uint32]B) []idOp[B] {
	var ops []idOp[B]
	for id := range ids {
		w, h := want(id), have[id]
		if w != h {
			ops = append(ops, idOp[B]{id: id, body: w, was: h})
		}
	}
	slices.SortFunc(ops, func(a, b idOp[B]) int { return cmp.Compare(a.id, b.id) })
	return ops
}
