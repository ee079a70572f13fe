package tables

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// mutateSampling changes the collector sets and what samples to them.
func (w world) mutateSampling(r *rand.Rand, pick func(...string) string, dp, vm string) {
	set := uint32(r.IntN(3))
	switch r.IntN(3) {
	case 0:
		w.CollectorSets.Set(set, struct{}{})
	case 1:
		w.CollectorSets.Delete(set)
	case 2:
		w.chunk(pick(dp, "group", "group2"), pick("base", "acl"), sb.Flow{
			Match:   pick("ip", `inport == "`+vm+`"`),
			Actions: fmt.Sprintf("sample(probability=9,collector_set=%d,obs_domain=4,obs_point=5); next;", set),
		})
	}
}

// TestSampling: a flow samples to the collector sets that the bridge has, for
// each datapath by itself, also where that is in a group with a bit. A set that is
// not there yet is no error: most chassis have none, and it may come.
func TestSampling(t *testing.T) {
	w := newWorld(t)
	for i, sw := range []string{"sw", "sw2"} {
		vm := []string{"vm1", "vm2"}[i]
		w.datapath(sw, int64(5+i))
		w.port(sw, vm, 1, "")
		w.iface(vm, 7+i)
	}
	flow := sb.Flow{Match: "ip4", Actions: "sample(probability=9,collector_set=1,obs_domain=42,obs_point=1001); " +
		"sample(probability=9,collector_set=4294967295,obs_domain=42,obs_point=1001); next;"}
	w.chunk("sw", "acl", flow)
	w.chunk("group", "acl", flow)
	w.group("group", "sw", "sw2")
	w.GroupBits.Set(id("group"), GroupBit{Bit: 24, Matched: true})

	const action = "sample(probability=9,collector_set_id=%s,obs_domain_id=%d,obs_point_id=1001)"
	for _, sets := range [][]uint32{nil, {1}, {1, 1<<32 - 1}, {1<<32 - 1}, {2}, nil} {
		for set := range w.CollectorSets.All() {
			w.CollectorSets.Delete(set)
		}
		var one, two string // what is done on sw and sw2
		for _, set := range sets {
			w.CollectorSets.Set(set, struct{}{})
			if set != 2 {
				one += fmt.Sprintf(action, fmt.Sprint(set), 42<<24|5) + ","
				two += fmt.Sprintf(action, fmt.Sprint(set), 42<<24|6) + ","
			}
		}
		w.commit()
		if f, errs := w.unit("sw", "acl"); strings.Count(f, "\n") != 1 || !strings.Contains(f, "actions="+one+"resubmit") || errs != "" {
			t.Errorf("with sets %d: %s%s", sets, f, errs)
		}
		l, _ := w.SharedUnits.Get(SharedUnit{Path: Path{id("group"), "acl"}})
		f := text(l.Flows)
		want := []string{"metadata=0x5/0xffffff actions=" + one + "resubmit", "metadata=0x6/0xffffff actions=" + two + "resubmit"}
		if one == "" {
			want = []string{"metadata=0x1000000/0x1000000 actions=resubmit"}
		}
		if l.Flows.Len() != len(want) || len(l.Errors) > 0 {
			t.Errorf("with sets %d: %s%q", sets, f, l.Errors)
		}
		for _, flow := range want {
			if !strings.Contains(f, flow) {
				t.Errorf("with sets %d there is no %s in\n%s", sets, flow, f)
			}
		}
	}
}
