package ovsdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
	"github.com/weft-sdn/weft/store/etcd"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"),
		// The library never ends this one.
		goleak.IgnoreTopFunction("github.com/ovn-kubernetes/libovsdb/client.(*ovsdbClient).watchForLeaderChange.func2"),
	)
}

// weft is our server over a store on an embedded etcd.
type weft struct {
	*Server
	db   *store.DB
	unix string // the path of a socket
	tcp  string // host:port
}

// startWeft serves a database until the test ends.
func startWeft(t testing.TB, db *schema.Database, edit ...func(*Config)) *weft {
	t.Helper()
	e, err := etcd.Start(context.Background(), etcd.Options{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	l := etcd.EmbeddedLimits()
	st, err := store.Open(context.Background(), store.Config{
		Schema: db, Client: e.Client, Prefix: "/weft/db/",
		Limits: store.Limits{TxnOps: l.TxnOps, RequestBytes: l.RequestBytes},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	cfg := Config{Databases: []*store.DB{st}}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	for _, f := range edit {
		f(&cfg)
	}
	srv, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := &weft{Server: srv, db: st, unix: filepath.Join(shortDir(t), "s")}
	w.listen(t, "unix", w.unix)
	w.tcp = w.listen(t, "tcp", "127.0.0.1:0").String()
	return w
}

func (w *weft) listen(t testing.TB, network, address string) net.Addr {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr()
}

// shortDir is a directory whose name leaves room for a socket's.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "weft")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// startStock runs an ovsdb-server of Open vSwitch with the same schema and
// returns the path of its socket. A cluster of one remembers its history.
func startStock(t testing.TB, db *schema.Database, clustered bool) string {
	t.Helper()
	server, tool := need(t, "ovsdb-server"), need(t, "ovsdb-tool")
	dir := shortDir(t)
	file, sock, text := filepath.Join(dir, "db"), filepath.Join(dir, "s"), filepath.Join(dir, "schema")
	if err := os.WriteFile(text, db.OVSSchema(), 0o600); err != nil {
		t.Fatal(err)
	}
	create := exec.Command(tool, "create", file, text)
	if clustered {
		create = exec.Command(tool, "create-cluster", file, text, "unix:"+filepath.Join(dir, "raft"))
	}
	if out, err := create.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", create, err, out)
	}
	cmd := exec.Command(server, "--remote=punix:"+sock, "--unixctl="+filepath.Join(dir, "ctl"), "--no-chdir", "-vconsole:err", file)
	cmd.Dir = dir
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() && log.Len() > 0 {
			t.Logf("ovsdb-server: %s", log.String())
		}
	})
	eventually(t, "ovsdb-server listens", func() bool {
		c, err := net.Dial("unix", sock)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if clustered {
		// Its database can be used once it has elected itself.
		run(t, need(t, "ovsdb-client"), "wait", "unix:"+sock, db.Name, "connected")
	}
	return sock
}

// need returns the path of a stock tool. Where it is missing the test cannot
// judge: the build's own tests install it.
func need(t testing.TB, tool string) string {
	t.Helper()
	if p, err := exec.LookPath(tool); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if p := filepath.Join(dir, tool); exec.Command(p, "--version").Run() == nil {
			return p
		}
	}
	t.Fatalf("%s is not installed (Debian: openvswitch-common, openvswitch-switch, ovn-common)", tool)
	return ""
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// eventually waits for something that has no event to wait for.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(10 * time.Second); ; {
		if f() {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// peer is a JSON-RPC client that hides nothing.
type peer struct {
	t    testing.TB
	conn net.Conn
	dec  *json.Decoder
}

func dial(t testing.TB, network, address string) *peer {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &peer{t, conn, json.NewDecoder(conn)}
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Fatalf("send %.200s: %v", text, err)
	}
}

// read returns the next message.
func (p *peer) read() (json.RawMessage, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	var m json.RawMessage
	err := p.dec.Decode(&m)
	return m, err
}

func (p *peer) recv() string {
	p.t.Helper()
	m, err := p.read()
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	return string(m)
}

// expect reads one message and compares it as JSON.
func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.recv(); string(schema.CanonicalJSON([]byte(got))) != string(schema.CanonicalJSON([]byte(want))) {
		p.t.Fatalf("received %s\n    want %s", got, want)
	}
}

// call sends a request and returns what comes up to the reply, that included.
// The request's id must be 0.
func (p *peer) call(method, params string) []string {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"method":%q,"params":%s,"id":0}`, method, params))
	var got []string
	for {
		m, err := p.read()
		if err != nil {
			return append(got, "closed")
		}
		got = append(got, string(m))
		var reply struct{ ID *int }
		if json.Unmarshal(m, &reply) == nil && reply.ID != nil && *reply.ID == 0 {
			return got
		}
	}
}

// closed checks that the server hangs up.
func (p *peer) closed() {
	p.t.Helper()
	m, err := p.read()
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		p.t.Fatalf("still open: %s, %v", m, err)
	}
}
