package etcdtest

import (
	"context"
	"os"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/weft-sdn/weft/store/etcd"
)

// Server is one etcd member.
type Server struct {
	t        testing.TB
	dir, url string
	e        *etcd.Server
}

// Start runs a member with an empty database.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), url: "http://127.0.0.1:0"}
	s.Start()
	s.url = s.e.Endpoints()[0]
	t.Cleanup(s.Stop)
	return s
}

// URL is what clients connect to.
func (s *Server) URL() string { return s.url }

// Start runs the member again on what it had, on the same port.
func (s *Server) Start() {
	s.t.Helper()
	e, err := etcd.Start(context.Background(), etcd.Options{Dir: s.dir, Listen: []string{s.url}, NoSync: true})
	if err != nil {
		s.t.Fatal(err)
	}
	s.e = e
}

// Stop stops the member at once, as a crash would.
func (s *Server) Stop() {
	if s.e == nil {
		return
	}
	if err := s.e.Close(); err != nil {
		s.t.Error(err)
	}
	s.e = nil
}

// Backup returns a copy of what the member has; it must be stopped.
func (s *Server) Backup() (dir string) {
	s.t.Helper()
	dir = s.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// Restore puts a copy in place of what the member has; it must be stopped.
func (s *Server) Restore(dir string) {
	s.t.Helper()
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(s.dir, os.DirFS(dir)); err != nil {
		s.t.Fatal(err)
	}
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
