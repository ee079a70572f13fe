package leader

import (
	"context"
	"net"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/weft-sdn/weft/store/etcd"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

func start(t *testing.T, o etcd.Options) *etcd.Server {
	t.Helper()
	s, err := etcd.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func candidate(t *testing.T, c *clientv3.Client, name string, observe func(string, int64)) *Candidate {
	t.Helper()
	cand, err := NewCandidate(Config{Client: c, Name: name, TTL: time.Second, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	return cand
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func guarded(t *testing.T, ctx context.Context, c *clientv3.Client, term *Term) bool {
	t.Helper()
	r, err := c.Txn(ctx).If(term.Guard()).Then(clientv3.OpPut("/x", "y")).Commit()
	if err != nil {
		t.Fatal(err)
	}
	return r.Succeeded
}

func TestHandOver(t *testing.T) {
	s := start(t, etcd.Options{Dir: t.TempDir(), NoSync: true})
	defer s.Close()
	ctx := deadline(t)
	a := candidate(t, s.Client, "a", nil)
	ta, err := a.Campaign(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if ta.Uninterrupted() {
		t.Error("the first term claims to continue one")
	}
	seen := make(chan string, 10)
	b := candidate(t, s.Client, "b", func(l string, _ int64) { seen <- l })
	type result struct {
		t   *Term
		err error
	}
	got := make(chan result)
	go func() { tb, err := b.Campaign(ctx); got <- result{tb, err} }()
	if l := <-seen; l != "a" {
		t.Errorf("b sees %q leading", l)
	}
	if !guarded(t, ctx, s.Client, ta) {
		t.Error("a's guard does not hold while it leads")
	}
	ta.Resign()
	<-ta.Lost()
	r := <-got
	if r.err != nil {
		t.Fatal(r.err)
	}
	if guarded(t, ctx, s.Client, ta) || !guarded(t, ctx, s.Client, r.t) || r.t.Rev() <= ta.Rev() {
		t.Error("guards do not follow the leader")
	}

	// The key taken away by an operator ends the term at once.
	if _, err := s.Client.Delete(ctx, defaultKey); err != nil {
		t.Fatal(err)
	}
	<-r.t.Lost()
	tb, err := b.Campaign(ctx)
	if err != nil || !tb.Uninterrupted() {
		t.Fatalf("b again: %v, uninterrupted %v", err, tb.Uninterrupted())
	}
	tb.Resign()
	ta, err = a.Campaign(ctx)
	if err != nil || ta.Uninterrupted() {
		t.Fatalf("a after b: %v, uninterrupted %v", err, ta.Uninterrupted())
	}
	ta.Resign()
}

func TestLeaseRunsOut(t *testing.T) {
	s := start(t, etcd.Options{Dir: t.TempDir(), NoSync: true})
	defer s.Close()
	ctx := deadline(t)
	a, err := candidate(t, s.Client, "a", nil).Campaign(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a.cancel() // as if the process had died
	<-a.Lost()
	b, err := candidate(t, s.Client, "b", nil).Campaign(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.Resign()
}

// Over an outage of etcd shorter or longer than the lease the term goes on: a
// restarted etcd gives leases their full time again.
func TestOutage(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := etcd.Options{Dir: t.TempDir(), NoSync: true, Listen: []string{"http://" + l.Addr().String()}}
	l.Close()
	s := start(t, o)
	c, err := etcd.Dial(o.Listen, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := deadline(t)
	term, err := candidate(t, c, "a", nil).Campaign(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	down := time.NewTimer(1500 * time.Millisecond)
	select {
	case <-down.C:
	case <-term.Lost():
		t.Fatal("lost while etcd was away")
	}
	s = start(t, o)
	defer s.Close()
	before := term.Renewed()
	for term.Renewed() == before {
		select {
		case <-term.Lost():
			t.Fatal("lost when etcd came back")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if !guarded(t, ctx, c, term) {
		t.Error("the guard does not hold after the outage")
	}
	term.Resign()
}

func TestCampaignEndsWithContext(t *testing.T) {
	c, err := etcd.Dial([]string{"http://127.0.0.1:1"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := candidate(t, c, "a", nil).Campaign(ctx); err == nil {
		t.Fatal("no error")
	}
	if _, err := NewCandidate(Config{Client: c}); err == nil {
		t.Error("a candidate without a name")
	}
	if _, err := NewCandidate(Config{Client: c, Name: "a", TTL: time.Millisecond}); err == nil {
		t.Error("a lease of a millisecond")
	}
}
