package etcd

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) {
	// etcd itself leaves these behind: its metrics of the Go runtime and its
	// loggers are made once in a process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestEmbeddedKeepsDataAndAllowsMuch(t *testing.T) {
	ctx, dir := testContext(t), t.TempDir()
	s, err := Start(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var ops []clientv3.Op
	for i := range 20000 {
		ops = append(ops, clientv3.OpPut(fmt.Sprintf("/k/%d", i), strings.Repeat("v", 1000)))
	}
	if _, err := s.Client.Txn(ctx).Then(ops...).Commit(); err != nil {
		t.Fatalf("20,000 puts of 20 MB in one transaction: %v", err)
	}
	c, err := Dial(s.Endpoints(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Txn(ctx).Then(ops...).Commit(); err != nil {
		t.Fatalf("the same from outside: %v", err)
	}
	c.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s, err = Start(ctx, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Client.Get(ctx, "/k/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil || r.Count != 20000 {
		t.Fatalf("after restart %v keys, %v", r, err)
	}
}

func TestStartRefuses(t *testing.T) {
	for _, o := range []Options{
		{Dir: t.TempDir(), Listen: []string{"ftp://x"}},
		{Dir: t.TempDir(), Listen: []string{"http://%"}},
		{Dir: "/proc/nowhere"},
	} {
		if s, err := Start(testContext(t), o); err == nil {
			s.Close()
			t.Errorf("%+v: started", o)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, want := range []Limits{DefaultLimits(), {TxnOps: 500, RequestBytes: 6 << 20}, {TxnOps: 20, RequestBytes: 1 << 20}} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			ctx := testContext(t)
			e := startPlain(t, want)
			c, err := Dial([]string{"http://" + e.Clients[0].Addr().String()}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			got, err := Probe(ctx, c)
			if err != nil || got != want {
				t.Fatalf("Probe = %+v, %v, want %+v", got, err, want)
			}
			r, err := c.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithCountOnly())
			if err != nil || r.Count != 0 || r.Header.Revision != 1 {
				t.Fatalf("probing wrote: %v, %v", r, err)
			}
		})
	}
}

func TestProbeUnreachable(t *testing.T) {
	c, err := Dial([]string{"http://127.0.0.1:1"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := Probe(ctx, c); err == nil {
		t.Fatal("no error")
	}
}

// startPlain runs a server as an operator might have set it up.
func startPlain(t *testing.T, l Limits) *embed.Etcd {
	t.Helper()
	cfg := embed.NewConfig()
	cfg.Dir = t.TempDir()
	u := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls, cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = u, u, u, u
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.TickMs, cfg.ElectionMs = tickMs, electionMs
	cfg.MaxTxnOps, cfg.MaxRequestBytes = uint(l.TxnOps), uint(l.RequestBytes)
	cfg.UnsafeNoFsync = true
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	<-e.Server.ReadyNotify()
	return e
}
