package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/chassisd/internal/etcdtest"
)

func run(t *testing.T, cfg Config) *Ledger {
	t.Helper()
	cfg.Owns = func(key string) bool { return strings.HasPrefix(key, "/weft/chassis/hv1/") }
	cfg.Contested, cfg.MaxBackoff = 10*time.Millisecond, 50*time.Millisecond
	l := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return l
}

func (l *Ledger) until(t *testing.T, what string, ok func(Result) bool) Result {
	t.Helper()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case r := <-l.Results():
			if ok(r) {
				return r
			}
		case <-timeout.C:
			t.Fatalf("waiting for %s", what)
		}
	}
}

func (l *Ledger) wait(t *testing.T, seq int64) Result {
	t.Helper()
	return l.until(t, "the wishes", func(r Result) bool { return r.Seq >= seq })
}

func keys(t *testing.T, c *clientv3.Client) map[string]string {
	t.Helper()
	res, err := c.Get(t.Context(), "/weft/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, kv := range res.Kvs {
		m[string(kv.Key)] = string(kv.Value)
	}
	return m
}

// TestLedger: several transactions, nothing written twice, strays deleted when
// all wishes are there and no sooner.
func TestLedger(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	old := etcdtest.Put(t, c, map[string]*string{"/weft/chassis/hv1/same": ptr("1"), "/weft/chassis/hv1/stray": ptr("1"), "/weft/chassis/hv1/held": ptr("1"), "/weft/chassis/hv2/x": ptr("1")})
	l := run(t, Config{Client: c, MaxOps: 2})
	for _, k := range []string{"same", "stray", "held"} {
		l.Seen("/weft/chassis/hv1/"+k, []byte("1"), old)
	}
	seq := l.Want(map[string][]byte{
		"/weft/chassis/hv1/same": []byte("1"), "/weft/chassis/hv1/a": []byte("2"),
		"/weft/chassis/hv1/b": []byte("2"), "/weft/chassis/hv1/c": []byte("2"), "/weft/status/hv1": []byte("s"),
	})
	l.wait(t, seq)
	if got := keys(t, c); len(got) != 8 {
		t.Errorf("before the wishes are complete: %v", got)
	}
	seq = l.Want(map[string][]byte{"/weft/chassis/hv1/held": []byte("1"), "/weft/chassis/hv1/a": nil})
	l.Complete()
	l.wait(t, seq)
	want := map[string]string{
		"/weft/chassis/hv1/same": "1", "/weft/chassis/hv1/held": "1", "/weft/chassis/hv1/b": "2",
		"/weft/chassis/hv1/c": "2", "/weft/chassis/hv2/x": "1", "/weft/status/hv1": "s",
	}
	if diff := cmp.Diff(want, keys(t, c)); diff != "" {
		t.Error(diff)
	}
	res, err := c.Get(t.Context(), "/weft/chassis/hv1/same")
	if err != nil || res.Kvs[0].ModRevision != old {
		t.Errorf("what was right is written again: %v %v", res, err)
	}
}

func TestContested(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	l := run(t, Config{Client: c})
	r := l.wait(t, l.Want(map[string][]byte{"/weft/chassis/hv1/a": []byte("mine")}))
	l.Seen("/weft/chassis/hv1/a", []byte("mine"), r.Rev) // our own echo
	rev := etcdtest.Put(t, c, map[string]*string{"/weft/chassis/hv1/a": ptr("theirs")})
	l.Seen("/weft/chassis/hv1/a", []byte("theirs"), rev)
	l.until(t, "the repair", func(r Result) bool { return r.Rev > rev && r.Contested == 1 })
	if got := keys(t, c)["/weft/chassis/hv1/a"]; got != "mine" {
		t.Errorf("a is %q", got)
	}
}

// TestOwnEcho: a wish that is taken back while it is being written is seen
// before etcd's answer. That is not somebody else.
func TestOwnEcho(t *testing.T) {
	const key = "/weft/chassis/hv1/a"
	l := New(Config{Owns: func(string) bool { return true }})
	send := func(value string) batch {
		l.Want(map[string][]byte{key: []byte(value)})
		return l.batch()
	}
	l.wrote(send("1"), 10)
	b := send("2")
	l.Want(map[string][]byte{key: []byte("1")})
	l.Seen(key, []byte("2"), 11)
	l.wrote(b, 11)
	if l.result.Contested != 0 || l.quarrel {
		t.Error("our own write was taken for another's")
	}
	if b := l.batch(); len(b.keys) != 1 {
		t.Error("the newest wish is not written")
	}
	l.Seen(key, []byte("1"), 12)
	l.Seen(key, []byte("3"), 13)
	if l.result.Contested != 1 {
		t.Error("another's write was not noticed")
	}
}

// TestAnotherHistory: what a reading finds is what etcd has, though it is older
// than what was written; nobody is blamed for it.
func TestAnotherHistory(t *testing.T) {
	const gone, old, same, status = "/weft/chassis/hv1/gone", "/weft/chassis/hv1/old", "/weft/chassis/hv1/same", "/weft/status/hv1"
	l := New(Config{Owns: func(string) bool { return true }})
	l.Complete()
	l.Want(map[string][]byte{gone: []byte("1"), old: []byte("2"), same: []byte("1")})
	l.Last(status, func(int64, bool) []byte { return []byte("s") })
	l.wrote(l.batch(), 100)
	if b := l.batch(); len(b.keys) != 0 {
		t.Fatalf("%q are not settled", b.keys)
	}
	l.Read(gone, nil, 60)
	l.Read(old, []byte("1"), 40)
	l.Read(same, []byte("1"), 50)
	l.Read(status, nil, 60)
	l.ReadAll(60)
	if r := <-l.Results(); r.Rev != 60 || r.Contested != 0 {
		t.Errorf("%+v", r)
	}
	b := l.batch()
	if diff := cmp.Diff([]string{gone, old, status}, b.keys); diff != "" {
		t.Error(diff)
	}
	l.wrote(b, 61)
	l.Seen(gone, []byte("1"), 61)
	if b := l.batch(); len(b.keys) != 0 || l.result.Rev != 61 || l.result.Contested != 0 {
		t.Errorf("%q are not settled; %+v", b.keys, l.result)
	}
}

// TestLast: the last key waits for all others, and knows when those that count
// were written, also where etcd's answer was lost.
func TestLast(t *testing.T) {
	const a, b, c, status = "/claim/a", "/claim/b", "/other/c", "/status"
	one := []byte("1")
	l := New(Config{MaxOps: 2, Owns: func(string) bool { return true }, Counts: func(k string) bool { return strings.HasPrefix(k, "/claim") }})
	say := func() {
		l.Last(status, func(counted int64, with bool) []byte { return fmt.Appendf(nil, "%d %v", counted, with) })
	}
	next := func(want string, written int64) {
		t.Helper()
		b := l.batch()
		var got []string
		for _, op := range b.ops {
			got = append(got, string(op.KeyBytes())+"="+string(op.ValueBytes()))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
		if written != 0 {
			l.wrote(b, written)
		}
	}
	l.Want(map[string][]byte{a: one, b: one, c: one})
	say()
	next("/claim/a=1, /claim/b=1", 10)
	next("/other/c=1, /status=10 false", 11)
	next("", 0)

	l.Complete()
	l.Want(map[string][]byte{a: nil})
	say()
	next("/claim/a=, /status=10 true", 0) // no answer
	l.Seen(a, nil, 12)                    // but it was written
	l.Seen(status, []byte("10 true"), 12)
	next("/status=12 false", 13)

	l.Want(map[string][]byte{b: []byte("2")})
	say()
	next("/claim/b=2, /status=12 true", 0) // it was not
	next("/claim/b=2, /status=12 true", 14)
	l.Seen(status, []byte("theirs"), 15)
	next("/status=14 false", 16)
	if l.result.Rev != 14 || l.result.Contested != 1 {
		t.Errorf("%+v", l.result)
	}
}

func TestServerAway(t *testing.T) {
	s := etcdtest.Start(t)
	l := run(t, Config{Client: s.Client(), Timeout: 200 * time.Millisecond})
	l.wait(t, l.Want(map[string][]byte{"/weft/chassis/hv1/a": []byte("1")}))
	s.Stop()
	l.Want(map[string][]byte{"/weft/chassis/hv1/a": []byte("2")})
	l.until(t, "the failure", func(r Result) bool { return r.Err != nil })
	seq := l.Want(map[string][]byte{"/weft/chassis/hv1/a": []byte("3")})
	s.Start()
	if r := l.wait(t, seq); r.Err != nil {
		t.Error(r.Err)
	}
	if got := keys(t, s.Client())["/weft/chassis/hv1/a"]; got != "3" {
		t.Errorf("a is %q", got)
	}
}

func ptr(s string) *string { return &s }
