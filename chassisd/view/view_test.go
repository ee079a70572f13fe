package view

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/chassisd/internal/etcdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// reader keeps the state that the feed tells.
type reader struct {
	t     *testing.T
	view  *View
	state map[string]string
	last  *Batch   // that completed a state
	told  []string // keys of all batches after the first

	followed map[schema.UUID]bool
}

func start(t *testing.T, c *clientv3.Client, cfg Config) *reader {
	t.Helper()
	cfg.Client, cfg.Name = c, "hv1"
	cfg.MaxBackoff, cfg.PageSize = 50*time.Millisecond, 3
	if cfg.Probe == 0 {
		cfg.Probe = 200 * time.Millisecond
	}
	v := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); v.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return &reader{t: t, view: v, state: map[string]string{}, followed: map[schema.UUID]bool{}}
}

func (r *reader) until(what string, ok func() bool) {
	r.t.Helper()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for !ok() {
		select {
		case b := <-r.view.Batches():
			r.apply(b)
		case <-timeout.C:
			r.t.Fatalf("waiting for %s; state %v, view %+v", what, r.state, r.view.State())
		}
	}
}

func (r *reader) apply(b *Batch) {
	if r.last != nil {
		r.told = append(r.told, slices.Sorted(maps.Keys(b.Events))...)
	}
	if !b.More {
		r.last = b
	}
	if b.Reset {
		clear(r.state)
		clear(r.followed)
	}
	for k := range r.state {
		if owner, ok := OwnerOf(k); ok && b.Dropped[owner] {
			delete(r.state, k)
		}
	}
	for dp, on := range b.Followed {
		if r.followed[dp] = true; !on {
			delete(r.followed, dp)
		}
	}
	for k, e := range b.Events {
		if e.Value == nil {
			delete(r.state, k)
		} else {
			r.state[k] = string(e.Value)
		}
	}
}

func (r *reader) has(key, value string) func() bool {
	return func() bool { got, ok := r.state[key]; return ok && got == value }
}

func str(s string) *string { return &s }

func TestReadAndFollow(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	for i := range 10 { // several pages
		etcdtest.Put(t, c, map[string]*string{fmt.Sprintf("/weft/sb/Port_Binding/%d", i): str("old")})
	}
	rev := etcdtest.Put(t, c, map[string]*string{
		"/weft/nb/Logical_Switch/1": str("not ours"), "/weft/status/hv1": str("mine"), "/weft/status/hv2": str("not mine"),
		"/weft/chassis/hv2/Chassis/1": str("c2"), "/weft/sb/compiled": str(`{"nb_cfg":1}`),
	})
	r := start(t, c, Config{})
	r.until("the first batch", func() bool { return r.last != nil })
	if len(r.state) != 13 || r.state["/weft/status/hv1"] != "mine" || r.state["/weft/sb/Port_Binding/9"] != "old" {
		t.Fatalf("first state %v", r.state)
	}
	if r.last.Chassis != rev || !r.last.ChassisEvents {
		t.Errorf("first batch is of revision %d, want %d", r.last.Chassis, rev)
	}
	if ev := r.last.Events["/weft/chassis/hv2/Chassis/1"]; ev.Rev != rev {
		t.Errorf("key's revision %d, want %d", ev.Rev, rev)
	}

	etcdtest.Put(t, c, map[string]*string{"/weft/sb/Port_Binding/1": nil, "/weft/sb/Port_Binding/2": str("new")})
	r.until("a change and a deletion", func() bool {
		_, ok := r.state["/weft/sb/Port_Binding/1"]
		return !ok && r.state["/weft/sb/Port_Binding/2"] == "new"
	})
	if r.last.ChassisEvents {
		t.Error("a southbound change is told as one of a chassis")
	}
	rev = etcdtest.Put(t, c, map[string]*string{"/weft/chassis/hv2/Port_Binding/1": str("claim")})
	r.until("a claim", r.has("/weft/chassis/hv2/Port_Binding/1", "claim"))
	if r.last.Chassis != rev || !r.last.ChassisEvents {
		t.Errorf("claim told as of %d, want %d", r.last.Chassis, rev)
	}
}

// TestParts: the first state is told in parts to who takes them while pages are
// read; the last part waits for the reading's end. Later states are told as a
// whole.
func TestParts(t *testing.T) {
	v := New(Config{Name: "hv1"})
	var told []string
	wait := func(r *reading, takes bool) {
		p := &pages{v: v, next: make(chan page)}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if takes {
				b := <-v.Batches()
				told = append(told, fmt.Sprint(b.Reset, b.More, slices.Sorted(maps.Keys(b.Events))))
			}
			p.next <- page{}
		}()
		r.next(p)
		<-done
	}
	r := v.begin()
	wait(r, false) // there is nothing yet
	r.take(&mvccpb.KeyValue{Key: []byte("a")})
	wait(r, false) // nobody takes it
	r.take(&mvccpb.KeyValue{Key: []byte("b")})
	v.pending, v.held = newBatch(), newBatch() // of a reading before
	wait(r, true)
	if v.pending != nil || v.held != nil {
		t.Error("an earlier state is told in the midst of this one")
	}
	r.take(&mvccpb.KeyValue{Key: []byte("c")})
	wait(r, true)
	r.take(&mvccpb.KeyValue{Key: []byte("d")})
	last := r.end(7)
	told = append(told, fmt.Sprint(last.Reset, last.More, last.Chassis, last.ChassisEvents, slices.Sorted(maps.Keys(last.Events))))
	if diff := cmp.Diff([]string{"true true [a b]", "false true [c]", "false false 7 true [d]"}, told); diff != "" {
		t.Error(diff)
	}
	v.told()
	r = v.begin()
	r.take(&mvccpb.KeyValue{Key: []byte("a")})
	wait(r, false)
	if r.parts != nil || !r.b.Reset || r.b.More {
		t.Errorf("a second state is not told as a whole: %+v", r)
	}
}

// faultyKV does something before one of the readings.
type faultyKV struct {
	clientv3.KV
	at    int32
	n     atomic.Int32
	fault func() error
}

func (k *faultyKV) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	if k.n.Add(1) == k.at {
		if err := k.fault(); err != nil {
			return nil, err
		}
	}
	return k.KV.Get(ctx, key, opts...)
}

// TestFirstReadingFails: whatever page of the first reading fails, and whatever
// parts were taken before, the state that is there in the end is etcd's.
func TestFirstReadingFails(t *testing.T) {
	s := etcdtest.Start(t)
	writer := s.Client()
	away := errors.New("away")
	for at := range int32(12) {
		for _, compacts := range []bool{false, true} {
			now, then := map[string]*string{"/weft/sb/c": nil}, map[string]*string{"/weft/sb/c": str("1"), "/weft/chassis/hv2/z": nil}
			for i := range 4 {
				now[fmt.Sprint("/weft/sb/a", i)], then[fmt.Sprint("/weft/sb/a", i)] = str("1"), nil
				now[fmt.Sprint("/weft/sb/b", i)], then[fmt.Sprint("/weft/sb/b", i)] = str("1"), str("2")
				now[fmt.Sprint("/weft/chassis/hv2/", i)] = str("1")
			}
			now["/weft/chassis/hv2/z"] = str("1")
			etcdtest.Put(t, writer, now)
			c := s.Client()
			kv := &faultyKV{KV: c.KV, at: 1 + at, fault: func() error {
				rev := etcdtest.Put(t, writer, then)
				if !compacts {
					return away
				}
				_, err := writer.Compact(context.Background(), rev)
				return err
			}}
			c.KV = kv
			r := start(t, c, Config{})
			r.until("the state", func() bool { return r.last != nil && (kv.n.Load() <= at || r.state["/weft/sb/c"] == "1") })
			want := map[string]string{"/weft/sb/c": "1"}
			for i := range 4 {
				want[fmt.Sprint("/weft/sb/b", i)], want[fmt.Sprint("/weft/chassis/hv2/", i)] = "2", "1"
			}
			if kv.n.Load() <= at {
				continue // there are not that many pages
			}
			if diff := cmp.Diff(want, r.state); diff != "" || r.last.More {
				t.Errorf("failure at %d, compaction %v: %s", at, compacts, diff)
			}
		}
	}
}

// TestOneRevisionOneBatch: what one transaction wrote is never seen in part.
func TestOneRevisionOneBatch(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	r := start(t, c, Config{})
	r.until("the first batch", func() bool { return r.last != nil })
	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		for i := range 200 {
			v := str(fmt.Sprint(i))
			etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": v, "/weft/sb/b": v, "/weft/sb/c": v})
		}
	})
	r.until("the last", func() bool {
		if r.state["/weft/sb/a"] != r.state["/weft/sb/b"] || r.state["/weft/sb/b"] != r.state["/weft/sb/c"] {
			t.Fatalf("half a transaction: %v", r.state)
		}
		return r.state["/weft/sb/c"] == "199"
	})
}

func TestPartialIsHeldBack(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("1"), "/weft/sb/compiled": str(`{"nb_cfg":1,"partial":true}`)})
	r := start(t, c, Config{})
	waitState(t, r.view, "the reading", func(st State) bool { return st.Revision > 0 })
	select {
	case b := <-r.view.Batches():
		t.Fatalf("half a state is told: %v", b.Events)
	default:
	}
	if st := r.view.State(); !st.Held || st.Synced {
		t.Errorf("state %+v, want held", st)
	}
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/b": str("1"), "/weft/sb/compiled": str(`{"nb_cfg":1}`)})
	r.until("the whole", r.has("/weft/sb/b", "1"))
	if r.state["/weft/sb/a"] != "1" {
		t.Error("the first half is missing")
	}

	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("2"), "/weft/sb/compiled": str(`{"nb_cfg":2,"partial":true}`)})
	etcdtest.Put(t, c, map[string]*string{"/weft/chassis/hv2/x": str("claim")})
	r.until("the claim, which is another matter", r.has("/weft/chassis/hv2/x", "claim"))
	if r.state["/weft/sb/a"] != "1" {
		t.Error("half a change is told")
	}
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/b": str("2"), "/weft/sb/compiled": str(`{"nb_cfg":2}`)})
	r.until("the second change", r.has("/weft/sb/b", "2"))
	if r.state["/weft/sb/a"] != "2" {
		t.Error("half a change is missing")
	}
}

// TestCompactionRereads: the watch lost its place; everything is read again
// and told as a whole.
func TestCompactionRereads(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	ctx := t.Context()
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("1"), "/weft/sb/b": str("1"), "/weft/chassis/hv2/x": str("1")})
	v := New(Config{Client: c, Name: "hv1"})
	if err := v.read(ctx); err != nil {
		t.Fatal(err)
	}
	v.pending = nil // told
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("2"), "/weft/sb/b": nil})
	rev := etcdtest.Put(t, c, map[string]*string{"/weft/sb/c": str("1")})
	if _, err := c.Compact(ctx, rev); err != nil {
		t.Fatal(err)
	}
	if err := v.follow(ctx); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Fatalf("the watch ends with %v", err)
	}
	if err := v.read(ctx); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"/weft/sb/a": "2", "/weft/sb/c": "1", "/weft/chassis/hv2/x": "1"}
	got := map[string]string{}
	for k, e := range v.pending.Events {
		got[k] = string(e.Value)
	}
	if !v.pending.Reset {
		t.Error("it is not told as a whole")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnotherHistory: an etcd restored from a backup counts anew.
func TestAnotherHistory(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("1")})
	v := New(Config{Client: c, Name: "hv1"})
	if err := v.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.ask(t.Context(), v.sbNext-1, v.cluster); err != nil {
		t.Errorf("the same history: %v", err)
	}
	if err := v.ask(t.Context(), v.sbNext+5, v.cluster); err != errReread {
		t.Errorf("an older revision: %v", err)
	}
	if err := v.ask(t.Context(), v.sbNext-1, v.cluster+1); err != errReread {
		t.Errorf("another cluster: %v", err)
	}
}

func TestServerAway(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("1"), "/weft/chassis/hv2/x": str("1")})
	r := start(t, c, Config{Probe: 100 * time.Millisecond})
	r.until("the first batch", func() bool { return r.last != nil })
	s.Stop()
	waitState(t, r.view, "the loss", func(st State) bool { return !st.Connected && st.Err != nil })
	if len(r.state) != 2 {
		t.Errorf("the state is gone with etcd: %v", r.state)
	}
	s.Start()
	c2 := s.Client()
	etcdtest.Put(t, c2, map[string]*string{"/weft/sb/a": nil, "/weft/sb/b": str("2")})
	r.until("what happened since", r.has("/weft/sb/b", "2"))
	if diff := cmp.Diff(map[string]string{"/weft/sb/b": "2", "/weft/chassis/hv2/x": "1"}, r.state); diff != "" {
		t.Error(diff)
	}
	if slices.Contains(r.told, "/weft/chassis/hv2/x") {
		t.Error("a key that did not change is told again")
	}
}

func waitState(t *testing.T, v *View, what string, ok func(State) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for !ok(v.State()) {
		select {
		case <-tick.C:
		case <-timeout.C:
			t.Fatalf("waiting for %s: %+v", what, v.State())
		}
	}
}

// TestTemplatesOfOthers: values of template variables are told of this chassis alone,
// from the first reading on.
func TestTemplatesOfOthers(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	of := func(chassis string) string { return templatePrefix + sb.TemplateVarOf(chassis).String() }
	etcdtest.Put(t, c, map[string]*string{of("hv1"): str("mine"), of("hv2"): str("another's"), "/weft/sb/Port_Binding/1": str("row")})
	r := start(t, c, Config{})
	r.until("the first state", func() bool { return r.last != nil && r.state["/weft/sb/Port_Binding/1"] == "row" })
	etcdtest.Put(t, c, map[string]*string{of("hv2"): str("another's, changed"), of("hv3"): str("a third's")})
	etcdtest.Put(t, c, map[string]*string{of("hv1"): str("changed")})
	r.until("a change", r.has(of("hv1"), "changed"))
	for _, chassis := range []string{"hv2", "hv3"} {
		if v, told := r.state[of(chassis)]; told {
			t.Errorf("the values of %s are told: %s", chassis, v)
		}
	}
}
