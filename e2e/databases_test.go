package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// databasesTime is the length of the short form of TestDatabases;
// E2E_DATABASES=10m asks for another, and E2E_CHAOS_SEED for other random numbers.
const databasesTime = time.Minute

// TestDatabases: two northds on an etcd, four writers and watching clients of
// libovsdb, while leaders are killed, frozen and cut off from etcd, and etcd is
// killed, frozen, compacted and put back to a backup. What was acknowledged is
// there, what was refused is not, and each client's picture is the database's.
func TestDatabases(t *testing.T) {
	length, seed := databasesTime, uint64(time.Now().UnixNano())
	var err error
	if v := os.Getenv("E2E_DATABASES"); v != "" {
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	if v := os.Getenv("E2E_CHAOS_SEED"); v != "" {
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("E2E_DATABASES=%v E2E_CHAOS_SEED=%d", length, seed)
	bin, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	x := &databases{t: t, bin: bin, r: rand.New(rand.NewPCG(seed, 1)), truth: newTruth()}
	if x.dir, err = os.MkdirTemp("", "weft"); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(x.dir)
	defer x.stop()
	if err := x.run(length, seed); err != nil {
		t.Fatal(err)
	}
}

// databases is two northds on an etcd.
type databases struct {
	t     *testing.T
	bin   string
	dir   string
	r     *rand.Rand
	etcd  *server
	url   string // etcd's address, HOST:PORT
	nodes []*node

	// calm is held by a writer for each transaction, and for writing by who
	// needs that none is under way.
	calm   sync.RWMutex
	truth  *truth
	backup *truth // what was true when the backup was made; nil: there is none
}

// node is a northd with its own way to etcd.
type node struct {
	name  string
	proxy *proxy
	run   *server
}

// server is a process of ours.
type server struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (x *databases) start(name string, args ...string) (*server, error) {
	log, err := os.OpenFile(filepath.Join(x.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s := &server{cmd: exec.Command(args[0], args[1:]...), done: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.cmd.Wait(); close(s.done) }()
	return s, nil
}

func (s *server) signal(sig syscall.Signal) { s.cmd.Process.Signal(sig) }

// end stops the process and waits until it is gone.
func (s *server) end(sig syscall.Signal) {
	s.signal(sig)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		s.signal(syscall.SIGKILL)
		<-s.done
	}
}

func (x *databases) sock(node, db string) string { return filepath.Join(x.dir, node+"-"+db) }

func (x *databases) startEtcd() (err error) {
	x.etcd, err = x.start("etcd", filepath.Join(x.bin, "weft-etcd"), "--data-dir", filepath.Join(x.dir, "etcd"), "--listen", "http://"+x.url)
	return err
}

func (x *databases) startNorthd(n *node) (err error) {
	n.run, err = x.start(n.name, filepath.Join(x.bin, "northd"), "--name", n.name, "--etcd", "http://"+n.proxy.addr(),
		"--nb-listen", "punix:"+x.sock(n.name, "nb"), "--sb-listen", "punix:"+x.sock(n.name, "sb"), "--admin", "unix:"+x.sock(n.name, "admin"))
	return err
}

func (x *databases) stop() {
	for _, n := range x.nodes {
		if n.run != nil {
			n.run.signal(syscall.SIGCONT)
			n.run.end(syscall.SIGTERM)
		}
		n.proxy.close()
	}
	if x.etcd != nil {
		x.etcd.signal(syscall.SIGCONT)
		x.etcd.end(syscall.SIGTERM)
	}
	if x.t.Failed() {
		for _, name := range []string{"a", "b", "etcd"} {
			x.t.Logf("%s:\n%s", name, tail(filepath.Join(x.dir, name+".log"), 40))
		}
	}
}

func (x *databases) run(length time.Duration, seed uint64) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	x.url = ln.Addr().String()
	ln.Close()
	if err := x.startEtcd(); err != nil {
		return err
	}
	for _, name := range []string{"a", "b"} {
		n := &node{name: name}
		if n.proxy, err = newProxy(x.url); err != nil {
			return err
		}
		x.nodes = append(x.nodes, n)
		if err := x.startNorthd(n); err != nil {
			return err
		}
	}
	if err := x.healthy(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	for i := range 4 {
		w := &writer{x: x, n: i, r: rand.New(rand.NewPCG(seed, uint64(2+i)))}
		group.Go(func() { w.run(ctx) })
	}
	pictures, err := x.watch(ctx)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range pictures {
			p.Close()
		}
	}()
	if err := x.faults(length); err != nil {
		cancel()
		return err
	}
	cancel()
	group.Wait()
	return errors.Join(x.account(), x.compare(pictures))
}

// faults makes one after another, until all is well again after each: in rounds
// that have each once, with a backup and going back to it in the middle.
func (x *databases) faults(length time.Duration) error {
	type fault struct {
		name string
		do   func() error
	}
	kinds := []fault{
		{"leader killed", x.killLeader}, {"leader frozen", x.freezeLeader}, {"leader cut off", x.cutOff}, {"connections dropped", x.dropAll},
		{"etcd frozen", x.freezeEtcd}, {"etcd killed", x.killEtcd}, {"compacted", x.compact},
	}
	end := time.Now().Add(length)
	for first := true; first || time.Now().Before(end); first = false {
		x.r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		round := slices.Concat(kinds[:2], []fault{{"backup made", x.makeBackup}}, kinds[2:4], []fault{{"restored from backup", x.restore}}, kinds[4:])
		for _, k := range round {
			if !first && time.Now().After(end) {
				break
			}
			if err := k.do(); err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			start := time.Now()
			if err := x.healthy(); err != nil {
				return fmt.Errorf("after %q: %w", k.name, err)
			}
			x.t.Logf("%s: %v until a write was acknowledged", k.name, time.Since(start).Round(time.Millisecond))
		}
	}
	return nil
}

// recovery bounds how long writes may fail after a fault has ended.
const recovery = 40 * time.Second

// healthy waits until a write is acknowledged.
func (x *databases) healthy() error {
	w := &writer{x: x}
	defer w.leave()
	deadline := time.Now().Add(recovery)
	for time.Now().Before(deadline) {
		if o, _ := w.transact(map[string]any{"op": "update", "table": "NB_Global", "where": []any{}, "row": map[string]any{"name": "cloud"}},
			map[string]any{"op": "mutate", "table": "NB_Global", "where": []any{}, "mutations": []any{[]any{"nb_cfg", "+=", 1}}}); o == done {
			return nil
		}
		time.Sleep(20 * time.Millisecond) // a server that is not there is asked again
	}
	return fmt.Errorf("no write was acknowledged in %v", recovery)
}

// leader is the northd that says that it leads.
func (x *databases) leader() *node {
	for deadline := time.Now().Add(recovery); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, n := range x.nodes {
			d, err := dialDB(context.Background(), x.sock(n.name, "nb"))
			if err != nil {
				continue
			}
			leads := d.leads("OVN_Northbound")
			d.close()
			if leads {
				return n
			}
		}
	}
	return x.nodes[0]
}

// pause lets a fault last.
func (x *databases) pause(most time.Duration) { time.Sleep(time.Duration(x.r.Int64N(int64(most)))) }

func (x *databases) killLeader() error {
	n := x.leader()
	n.run.end(syscall.SIGKILL)
	x.pause(3 * time.Second)
	return x.startNorthd(n)
}

func (x *databases) freezeLeader() error {
	n := x.leader()
	n.run.signal(syscall.SIGSTOP)
	x.pause(8 * time.Second)
	n.run.signal(syscall.SIGCONT)
	return nil
}

func (x *databases) cutOff() error {
	n := x.leader()
	n.proxy.set(true)
	x.pause(8 * time.Second)
	n.proxy.set(false)
	return nil
}

func (x *databases) dropAll() error {
	for range 5 {
		for _, n := range x.nodes {
			n.proxy.drop()
		}
		x.pause(200 * time.Millisecond)
	}
	return nil
}

func (x *databases) freezeEtcd() error {
	x.etcd.signal(syscall.SIGSTOP)
	x.pause(9 * time.Second)
	x.etcd.signal(syscall.SIGCONT)
	return nil
}

func (x *databases) killEtcd() error {
	x.etcd.end(syscall.SIGKILL)
	x.pause(2 * time.Second)
	return x.startEtcd()
}

// client is etcd's, without a proxy.
func (x *databases) client(ctx context.Context) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{"http://" + x.url}, Context: ctx, DialTimeout: 5 * time.Second})
}

// compact has etcd forget what is not the newest, while a northd does not see
// what is written.
func (x *databases) compact() error {
	ctx, cancel := context.WithTimeout(context.Background(), recovery)
	defer cancel()
	c, err := x.client(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	leads := x.leader()
	for _, n := range x.nodes {
		if n != leads {
			n.proxy.set(true)
			defer n.proxy.set(false)
		}
	}
	x.pause(time.Second)
	r, err := c.Get(ctx, "/")
	if err != nil {
		return err
	}
	_, err = c.Compact(ctx, r.Header.Revision, clientv3.WithCompactPhysical())
	return err
}

// quiet waits until no transaction is under way whose outcome is open.
func (x *databases) quiet() (func(), error) {
	x.calm.Lock()
	return x.calm.Unlock, x.healthy()
}

func (x *databases) makeBackup() error {
	loud, err := x.quiet()
	defer loud()
	if err != nil {
		return err
	}
	x.etcd.end(syscall.SIGTERM)
	saved := filepath.Join(x.dir, "saved")
	if err := errors.Join(os.RemoveAll(saved), os.CopyFS(saved, os.DirFS(filepath.Join(x.dir, "etcd")))); err != nil {
		return err
	}
	x.backup = x.truth.clone()
	return x.startEtcd()
}

// restore puts etcd back to the backup. What was written since is gone, and
// nothing may bring it back.
func (x *databases) restore() error {
	loud, err := x.quiet()
	defer loud()
	if err != nil {
		return err
	}
	x.etcd.end(syscall.SIGKILL)
	dir := filepath.Join(x.dir, "etcd")
	if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(filepath.Join(x.dir, "saved")))); err != nil {
		return err
	}
	x.pause(time.Second)
	x.truth.restore(x.backup)
	if err := x.startEtcd(); err != nil {
		return err
	}
	return x.healthy()
}
