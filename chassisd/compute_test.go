package chassisd

import (
	"maps"
	"testing"

	"github.com/weft-sdn/weft/chassisd/ledger"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestOwnKeysInParts: a claim of ours is gone when a complete state is there
// without it, and not while that comes in.
func TestOwnKeysInParts(t *testing.T) {
	a := New(Config{})
	mine := func(string) bool { return true }
	a.records.name, a.records.ledger = "hv1", ledger.New(ledger.Config{Owns: mine, Counts: mine})
	port := func(name string) schema.UUID { return schema.NameUUID(name) }
	rev := int64(0)
	take := func(reset, more bool, names ...string) {
		rev++
		b := &view.Batch{Reset: reset, More: more, Events: map[string]view.Event{}}
		if !more {
			b.Chassis = rev
		}
		for _, n := range names {
			b.Events[sb.RecordsOf("hv1")+"Port_Binding/"+port(n).String()] = view.Event{Value: []byte(`{"up":true}`), Rev: rev}
		}
		a.etcdChanged(b)
	}
	have := func(viewed bool, names ...string) {
		t.Helper()
		want := map[schema.UUID]bool{}
		for _, n := range names {
			want[port(n)] = true
		}
		if !maps.Equal(a.ports.claimed, want) || len(a.records.have) != len(want) || a.dec.viewed != viewed {
			t.Errorf("claims %v, keys %v, viewed %v; want %v, %v", a.ports.claimed, a.records.have, a.dec.viewed, names, viewed)
		}
	}
	take(true, true, "a", "b")
	have(false, "a", "b")
	take(true, true, "c") // the reading began again
	have(false, "a", "b", "c")
	take(false, true)
	take(false, false, "b")
	have(true, "b", "c")
	take(false, false, "d")
	have(true, "b", "c", "d")
	take(true, false, "a", "d")
	have(true, "a", "d")
}
