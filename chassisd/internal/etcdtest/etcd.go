package etcdtest

import (
	"context"
	"net"
	"net/url"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Server is one etcd member.
type Server struct {
	t         testing.TB
	dir       string
	url, peer url.URL
	e         *embed.Etcd
}

// Start runs a member with an empty database.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), url: freeURL(t), peer: freeURL(t)}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// URL is what clients connect to.
func (s *Server) URL() string { return s.url.String() }

// Start runs the member again on what it had.
func (s *Server) Start() {
	s.t.Helper()
	cfg := embed.NewConfig()
	cfg.Dir = s.dir
	cfg.LogLevel = "fatal"
	cfg.LogOutputs = []string{"/dev/null"}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{s.url}, []url.URL{s.url}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{s.peer}, []url.URL{s.peer}
	cfg.InitialCluster = cfg.Name + "=" + s.peer.String()
	cfg.UnsafeNoFsync = true
	cfg.TickMs, cfg.ElectionMs = 10, 100
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-e.Server.ReadyNotify():
	case <-time.After(20 * time.Second):
		e.Close()
		s.t.Fatal("etcd does not start")
	}
	s.e = e
}

// Stop stops the member at once, as a crash would.
func (s *Server) Stop() {
	if s.e == nil {
		return
	}
	s.e.Close()
	s.e = nil
}

// Client returns a client that ends with the test.
func (s *Server) Client() *clientv3.Client {
	s.t.Helper()
	c, err := clientv3.New(clientv3.Config{
		Endpoints: []string{s.URL()}, Logger: zap.NewNop(), DialTimeout: 2 * time.Second,
		DialKeepAliveTime: time.Second, DialKeepAliveTimeout: time.Second,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Put writes keys in one transaction (a nil value deletes) and returns its
// revision.
func Put(t testing.TB, c *clientv3.Client, kvs map[string]*string) int64 {
	t.Helper()
	var ops []clientv3.Op
	for k, v := range kvs {
		if v == nil {
			ops = append(ops, clientv3.OpDelete(k))
		} else {
			ops = append(ops, clientv3.OpPut(k, *v))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	res, err := c.Txn(ctx).Then(ops...).Commit()
	if err != nil {
		t.Fatal(err)
	}
	return res.Header.Revision
}

func freeURL(t testing.TB) url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return url.URL{Scheme: "http", Host: l.Addr().String()}
}
