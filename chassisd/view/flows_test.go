package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/internal/etcdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func flowKey(owner schema.UUID, unit string) string { return sb.Prefix + sb.FlowPath(owner, unit) }

// memberKey is a bucket of one datapath, which memberValue is the value of.
func memberKey(group, dp schema.UUID) string {
	return groupPrefix + group.String() + "/datapaths/" + strings.ReplaceAll(dp.String(), "-", "") + "+"
}

func memberValue(dp schema.UUID) *string { return str(`["` + dp.String() + `"]`) }

// TestWant: the flows of what is wanted are told with those of its groups, and
// of nothing else.
func TestWant(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	dp1, dp2, group := schema.NameUUID("dp1"), schema.NameUUID("dp2"), schema.NameUUID("group")
	etcdtest.Put(t, c, map[string]*string{
		flowKey(dp1, "base"): str("1"), flowKey(dp2, "base"): str("2"), flowKey(group, "lb"): str("g"),
		"/weft/sb/Port_Binding/1": str("row"), memberKey(group, dp2): memberValue(dp2),
	})
	r := start(t, c, Config{})
	r.until("the rows", r.has("/weft/sb/Port_Binding/1", "row"))
	want := func(what string, followed []schema.UUID, keys ...string) {
		t.Helper()
		got := map[string]bool{}
		for k := range r.state {
			if strings.HasPrefix(k, flowPrefix) {
				got[k] = true
			}
		}
		all := map[string]bool{}
		for _, k := range keys {
			all[k] = true
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		if len(r.followed) != len(followed) {
			t.Errorf("%s: followed are %v, want %v", what, r.followed, followed)
		}
	}
	until := func(what string, dp schema.UUID, on bool) {
		t.Helper()
		r.until(what, func() bool { return r.followed[dp] == on })
	}
	want("nothing is wanted", nil)
	r.view.Want(Want{Datapaths: map[schema.UUID]bool{dp1: true}})
	until("the first", dp1, true)
	want("the first", []schema.UUID{dp1}, flowKey(dp1, "base"))
	r.view.Want(Want{Datapaths: map[schema.UUID]bool{dp1: true, dp2: true}})
	until("the second", dp2, true)
	want("both", []schema.UUID{dp1, dp2}, flowKey(dp1, "base"), flowKey(dp2, "base"), flowKey(group, "lb"))
	r.view.Want(Want{Datapaths: map[schema.UUID]bool{dp1: true}})
	until("the second to go", dp2, false)
	want("the first again", []schema.UUID{dp1}, flowKey(dp1, "base"))

	// The other joins a group, with flows of before and of now, and leaves it.
	etcdtest.Put(t, c, map[string]*string{memberKey(group, dp1): memberValue(dp1), flowKey(group, "new"): str("n"), flowKey(dp1, "base"): nil})
	r.until("the group", r.has(flowKey(group, "new"), "n"))
	want("in the group", []schema.UUID{dp1}, flowKey(group, "lb"), flowKey(group, "new"))
	etcdtest.Put(t, c, map[string]*string{memberKey(group, dp1): nil, flowKey(dp1, "base"): str("1"), flowKey(group, "new"): nil})
	r.until("the datapath's own", r.has(flowKey(dp1, "base"), "1"))
	want("out of it", []schema.UUID{dp1}, flowKey(dp1, "base"))

	r.view.Want(Want{All: true})
	until("all", AllDatapaths, true)
	want("all", []schema.UUID{AllDatapaths}, flowKey(dp1, "base"), flowKey(dp2, "base"), flowKey(group, "lb"))
	etcdtest.Put(t, c, map[string]*string{flowKey(dp2, "more"): str("2")})
	r.until("a change of any", r.has(flowKey(dp2, "more"), "2"))
	r.view.Want(Want{Datapaths: map[schema.UUID]bool{dp2: true}})
	until("not all", AllDatapaths, false)
	until("the second", dp2, true)
	want("the second alone", []schema.UUID{dp2}, flowKey(dp2, "base"), flowKey(dp2, "more"), flowKey(group, "lb"))
}

// history plays northd, and remembers the state after each change that is
// whole.
type history struct {
	r      *rand.Rand
	now    map[string]string
	states map[int64]map[string]string // by nb_cfg
	cfg    int64
	dps    []schema.UUID
	groups []schema.UUID
}

func (h *history) one(of []schema.UUID) schema.UUID { return of[h.r.IntN(len(of))] }

// change makes random changes for one transaction.
func (h *history) change(partial bool) map[string]*string {
	kvs := map[string]*string{}
	for range 1 + h.r.IntN(4) {
		owners := append(append([]schema.UUID{}, h.dps...), h.groups...)
		key, value := "", str(fmt.Sprint(h.r.IntN(1000)))
		switch h.r.IntN(3) {
		case 0:
			key = flowKey(h.one(owners), fmt.Sprint("unit", h.r.IntN(3)))
		case 1:
			dp := h.one(h.dps)
			key, value = memberKey(h.one(h.groups), dp), memberValue(dp)
		default:
			key = "/weft/sb/Port_Binding/" + fmt.Sprint(h.r.IntN(5))
		}
		if kvs[key] = value; h.r.IntN(3) == 0 {
			kvs[key] = nil
		}
	}
	if !partial {
		h.cfg++
	}
	b, _ := json.Marshal(sb.Compiled{NBCfg: h.cfg, Partial: partial})
	kvs[compiledKey] = str(string(b))
	for k, v := range kvs {
		if v == nil {
			delete(h.now, k)
		} else {
			h.now[k] = *v
		}
	}
	if !partial {
		h.states[h.cfg] = maps.Clone(h.now)
	}
	return kvs
}

// seen is what of a state is told to whom follows some datapaths.
func (h *history) seen(state map[string]string, followed map[schema.UUID]bool) map[string]string {
	out := map[string]string{}
	for k, v := range state {
		owner, ok := OwnerOf(k)
		told := !ok || followed[owner] || followed[AllDatapaths]
		for _, dp := range h.dps {
			_, in := state[memberKey(owner, dp)]
			told = told || in && followed[dp]
		}
		if told {
			out[k] = v
		}
	}
	return out
}

// TestAlwaysSomeRevision: whatever is written, wanted, split, compacted or lost,
// each batch leads to what one revision holds of what is followed.
func TestAlwaysSomeRevision(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	h := &history{r: rand.New(rand.NewPCG(7, 7)), now: map[string]string{}, states: map[int64]map[string]string{0: {}}}
	for i := range 5 {
		h.dps = append(h.dps, schema.NameUUID("dp", fmt.Sprint(i)))
	}
	h.groups = []schema.UUID{schema.NameUUID("g1"), schema.NameUUID("g2"), schema.NameUUID("g3")}
	etcdtest.Put(t, c, h.change(false))
	r := start(t, c, Config{})
	check := func() {
		t.Helper()
		cfg := int64(0)
		if b, ok := r.state[compiledKey]; ok {
			var m sb.Compiled
			if err := json.Unmarshal([]byte(b), &m); err != nil || m.Partial {
				t.Fatalf("told in the middle of a change: %s, %v", b, err)
			}
			cfg = m.NBCfg
		}
		if diff := cmp.Diff(h.seen(h.states[cfg], r.followed), r.state); diff != "" {
			t.Fatalf("state %d, followed %v: %s", cfg, r.followed, diff)
		}
	}
	checked := func(ok func() bool) func() bool {
		return func() bool { check(); return ok() }
	}
	told := func() bool { return strings.Contains(r.state[compiledKey], fmt.Sprintf(`"nb_cfg":%d`, h.cfg)) }
	r.until("the first batch", func() bool { return r.last != nil })
	for step := range 160 {
		for range h.r.IntN(3) {
			etcdtest.Put(t, c, h.change(true))
		}
		want := Want{All: h.r.IntN(12) == 0, Datapaths: map[schema.UUID]bool{}}
		for _, dp := range h.dps {
			if h.r.IntN(3) == 0 {
				want.Datapaths[dp] = true
			}
		}
		if h.r.IntN(2) == 0 {
			r.view.Want(want)
		}
		rev := etcdtest.Put(t, c, h.change(false))
		if h.r.IntN(8) == 0 {
			if _, err := c.Compact(t.Context(), rev); err != nil {
				t.Fatal(err)
			}
		}
		if h.r.IntN(3) > 0 { // else batches merge
			r.until("the change", checked(told))
		}
		if step%80 == 79 {
			s.Stop()
			s.Start()
			c = s.Client()
		}
	}
	last := map[schema.UUID]bool{h.dps[0]: true, h.dps[3]: true}
	r.view.Want(Want{Datapaths: last})
	r.until("the end", checked(func() bool { return maps.Equal(r.followed, last) && told() }))
}

// TestMembersOfGroups: those that one key holds come and go together, and
// members of form 1 are members too.
func TestMembersOfGroups(t *testing.T) {
	f := newFlows()
	dp := func(n int) schema.UUID { return schema.NameUUID(fmt.Sprint(n)) }
	group := schema.NameUUID("group")
	key := func(part string) string { return groupPrefix + group.String() + "/datapaths/" + part }
	bucket := func(of ...int) []byte {
		var ids []string
		for _, n := range of {
			ids = append(ids, dp(n).String())
		}
		b, _ := json.Marshal(ids)
		return b
	}
	wanted := func(want ...int) {
		t.Helper()
		for n := range 4 {
			f.want = Want{Datapaths: map[schema.UUID]bool{dp(n): true}}
			if f.wants(group) != slices.Contains(want, n) {
				t.Errorf("datapath %d: member %v", n, f.wants(group))
			}
		}
	}
	f.note(key("+"), bucket(0, 1))
	f.note(key(dp(2).String()), []byte{})
	f.note(key(dp(1).String()), []byte{})
	wanted(0, 1, 2)
	f.note(key("+"), bucket(1, 3))
	f.note(key(dp(1).String()), nil)
	wanted(1, 2, 3)
	f.note(key("+"), []byte("[")) // cannot be read
	f.note(key(dp(2).String()), nil)
	wanted()
	if len(f.groups) != 0 {
		t.Error(f.groups)
	}
}
