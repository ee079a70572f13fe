package chassisd

import (
	"slices"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// TestCollectorSets: those of the bridge count, whichever comes first.
func TestCollectorSets(t *testing.T) {
	l, tab := newLocal(time.Now), tables.New()
	set := func(id int, bridge string) *vswitch.CollectorSet {
		return &vswitch.CollectorSet{ID: id, Bridge: bridge}
	}
	for _, c := range []struct {
		what   string
		change func()
		want   []uint32
	}{
		{"no bridge is ours", func() {
			l.apply(vswitch.Changes{
				Bridges:       map[string]*vswitch.Bridge{"b": {UUID: "b", Name: "br-int"}, "x": {UUID: "x", Name: "br-ex"}},
				CollectorSets: map[string]*vswitch.CollectorSet{"1": set(1<<32-1, "b"), "2": set(2, "b"), "3": set(3, "x")},
			})
		}, nil},
		{"br-int is", func() { l.use("br-int") }, []uint32{2, 1<<32 - 1}},
		{"nothing happens", func() {}, []uint32{2, 1<<32 - 1}},
		{"a set goes, one gets another number, one comes", func() {
			l.apply(vswitch.Changes{CollectorSets: map[string]*vswitch.CollectorSet{"1": nil, "2": set(4, "b"), "5": set(5, "b")}})
		}, []uint32{4, 5}},
		{"a set changes over to br-int", func() {
			l.apply(vswitch.Changes{CollectorSets: map[string]*vswitch.CollectorSet{"3": set(3, "b")}})
		}, []uint32{3, 4, 5}},
		{"the bridge goes", func() { l.apply(vswitch.Changes{Bridges: map[string]*vswitch.Bridge{"b": nil}}) }, nil},
	} {
		before := numbers(tab)
		c.change()
		changed := l.feedCollectors(tab)
		tab.Engine.Commit()
		if got := numbers(tab); !slices.Equal(got, c.want) || changed != !slices.Equal(got, before) {
			t.Errorf("%s: sets %d, want %d; told of a change: %v", c.what, got, c.want, changed)
		}
	}
}

func numbers(t *tables.Tables) (ids []uint32) {
	for id := range t.CollectorSets.All() {
		ids = append(ids, id)
	}
	return ids
}
