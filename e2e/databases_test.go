package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-logr/logr/funcr"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
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

// truth is what has to be there, may be there and must not: names of switches,
// and addresses of sets as "SET ADDRESS".
type truth struct {
	mu     sync.Mutex
	things map[string]state
}

type state int

const (
	absent state = iota
	present
	either
)

func newTruth() *truth { return &truth{things: map[string]state{}} }

func (t *truth) set(name string, s state) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.things[name] = s
}

func (t *truth) get(name string) state {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.things[name]
}

func (t *truth) clone() *truth {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &truth{things: maps.Clone(t.things)}
}

// restore goes back: what there was not yet must not be there.
func (t *truth) restore(old *truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.things {
		t.things[name] = old.things[name]
	}
}

// writer is a client that writes one transaction after another.
type writer struct {
	x    *databases
	n    int
	r    *rand.Rand
	conn *dbConn
	at   int // which northd it tries
	made int
	own  []string // switches that are there
}

func (w *writer) leave() {
	if w.conn != nil {
		w.conn.close()
		w.conn = nil
	}
}

// transact runs a transaction where it can.
func (w *writer) transact(ops ...any) (outcome, error) {
	if w.conn == nil {
		w.at++
		d, err := dialDB(context.Background(), w.x.sock(w.x.nodes[w.at%2].name, "nb"))
		if err != nil {
			return refused, err
		}
		if !d.leads("OVN_Northbound") {
			d.close()
			return refused, errElsewhere
		}
		w.conn = d
	}
	o, err := w.conn.transact(ops...)
	if err != nil {
		w.leave()
	}
	return o, err
}

func (w *writer) run(ctx context.Context) {
	defer w.leave()
	set := fmt.Sprintf("set%d", w.n)
	for ctx.Err() == nil {
		w.x.calm.RLock()
		w.one(set)
		w.x.calm.RUnlock()
		time.Sleep(time.Duration(w.r.IntN(10)) * time.Millisecond) // a client's own pace
	}
}

// one is a transaction: a switch made or deleted, or an address into the set.
func (w *writer) one(set string) {
	x := w.x
	after := func(name string, wanted state, o outcome) {
		switch o {
		case done:
			x.truth.set(name, wanted)
		case unknown:
			x.truth.set(name, either)
		}
	}
	w.made++
	switch kind := w.r.IntN(10); {
	case kind < 2 && len(w.own) > 0:
		i := w.r.IntN(len(w.own))
		name := w.own[i]
		w.own = slices.Delete(w.own, i, i+1)
		if x.truth.get(name) == present { // it may have gone with a backup
			o, _ := w.transact(map[string]any{"op": "delete", "table": "Logical_Switch", "where": []any{[]any{"name", "==", name}}})
			after(name, absent, o)
		}
	case kind < 5:
		address := fmt.Sprintf("10.%d.%d.%d", w.n, w.made>>8, w.made&255)
		// Whatever is there: the set is made anew where it has gone.
		o, _ := w.transact(
			map[string]any{"op": "wait", "table": "Address_Set", "where": []any{[]any{"name", "==", set}}, "columns": []string{"name"}, "until": "==", "rows": []any{map[string]any{"name": set}}, "timeout": 0},
			map[string]any{"op": "mutate", "table": "Address_Set", "where": []any{[]any{"name", "==", set}}, "mutations": []any{[]any{"addresses", "insert", address}}})
		after(set+" "+address, present, o)
		if o == refused && w.conn != nil {
			o, _ = w.transact(map[string]any{"op": "insert", "table": "Address_Set", "row": map[string]any{"name": set, "addresses": address}})
			after(set+" "+address, present, o)
		}
	default:
		name := fmt.Sprintf("w%d-%d", w.n, w.made)
		o, _ := w.transact(map[string]any{"op": "insert", "table": "Logical_Switch", "row": map[string]any{"name": name}})
		after(name, present, o)
		if o == done {
			w.own = append(w.own, name)
		}
	}
}

// The tables that pictures hold.
type (
	pictureSwitch struct {
		UUID string `ovsdb:"_uuid"`
		Name string `ovsdb:"name"`
	}
	pictureSet struct {
		UUID      string   `ovsdb:"_uuid"`
		Name      string   `ovsdb:"name"`
		Addresses []string `ovsdb:"addresses"`
	}
	pictureDatapath struct {
		UUID string            `ovsdb:"_uuid"`
		Key  int               `ovsdb:"tunnel_key"`
		IDs  map[string]string `ovsdb:"external_ids"`
	}
)

// watch connects clients: two of the Northbound, one of the Southbound database.
func (x *databases) watch(ctx context.Context) ([]client.Client, error) {
	var list []client.Client
	for i, db := range []string{"nb", "nb", "sb"} {
		c, err := x.picture(ctx, db, i%2)
		if err != nil {
			return list, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (x *databases) picture(ctx context.Context, db string, first int) (client.Client, error) {
	name, tables := "OVN_Northbound", map[string]model.Model{"Logical_Switch": &pictureSwitch{}, "Address_Set": &pictureSet{}}
	if db == "sb" {
		name, tables = "OVN_Southbound", map[string]model.Model{"Datapath_Binding": &pictureDatapath{}}
	}
	m, err := model.NewClientDBModel(name, tables)
	if err != nil {
		return nil, err
	}
	log := funcr.New(func(prefix, args string) {
		if strings.Contains(args, "rebuild cache") {
			x.t.Errorf("a client of %s was told what does not fit: %s", name, args)
		}
	}, funcr.Options{Verbosity: 3})
	options := []client.Option{
		client.WithLeaderOnly(true), client.WithLogger(&log),
		client.WithInactivityCheck(3*time.Second, 2*time.Second, backoff.NewConstantBackOff(50*time.Millisecond)),
	}
	for i := range x.nodes {
		options = append(options, client.WithEndpoint("unix:"+x.sock(x.nodes[(first+i)%2].name, db)))
	}
	c, err := client.NewOVSDBClient(m, options...)
	if err != nil {
		return nil, err
	}
	cctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	for {
		if err = c.Connect(cctx); err == nil || cctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	_, err = c.MonitorAll(cctx)
	return c, err
}

// account holds what lies in the database against what writers were told.
func (x *databases) account() error {
	d, err := x.dialLeader("nb")
	if err != nil {
		return err
	}
	defer d.close()
	switches, err := selectAll[pictureSwitchRow](d, "OVN_Northbound", "Logical_Switch")
	if err != nil {
		return err
	}
	sets, err := selectAll[pictureSetRow](d, "OVN_Northbound", "Address_Set")
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, s := range switches {
		there[s.Name] = true
	}
	for _, s := range sets {
		for _, a := range s.Addresses {
			there[s.Name+" "+a] = true
		}
	}
	var counts [3]int
	var errs []error
	for name, s := range x.truth.things {
		counts[s]++
		if s == present && !there[name] {
			errs = append(errs, fmt.Errorf("%s was acknowledged and is not there", name))
		}
	}
	for name := range there {
		if x.truth.things[name] == absent {
			errs = append(errs, fmt.Errorf("%s is there, and was refused, deleted, or lost with a backup", name))
		}
	}
	x.t.Logf("%d things acknowledged, %d gone, %d of unknown fate", counts[present], counts[absent], counts[either])
	if counts[present] < 100 {
		errs = append(errs, fmt.Errorf("only %d things were acknowledged: nothing was tested", counts[present]))
	}
	return errors.Join(errs...)
}

// dialLeader connects to who leads.
func (x *databases) dialLeader(db string) (*dbConn, error) {
	return dialDB(context.Background(), x.sock(x.leader().name, db))
}

// compare waits until each client has what the databases have, and the
// Southbound database what follows from the Northbound.
func (x *databases) compare(pictures []client.Client) error {
	var why error
	for deadline := time.Now().Add(recovery); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if why = x.differences(pictures); why == nil {
			return nil
		}
	}
	return why
}

func (x *databases) differences(pictures []client.Client) error {
	north, err := x.dialLeader("nb")
	if err != nil {
		return err
	}
	defer north.close()
	south, err := x.dialLeader("sb")
	if err != nil {
		return err
	}
	defer south.close()
	switches, err := selectAll[pictureSwitchRow](north, "OVN_Northbound", "Logical_Switch")
	if err != nil {
		return err
	}
	sets, err := selectAll[pictureSetRow](north, "OVN_Northbound", "Address_Set")
	if err != nil {
		return err
	}
	paths, err := selectAll[pictureDatapathRow](south, "OVN_Southbound", "Datapath_Binding")
	if err != nil {
		return err
	}
	want := map[string][]string{}
	for _, s := range switches {
		want["nb"] = append(want["nb"], fmt.Sprint("switch ", s.UUID, s.Name))
		want["of nb"] = append(want["of nb"], s.Name)
	}
	for _, s := range sets {
		slices.Sort(s.Addresses)
		want["nb"] = append(want["nb"], fmt.Sprint("set ", s.UUID, s.Name, []string(s.Addresses)))
	}
	for _, p := range paths {
		want["sb"] = append(want["sb"], fmt.Sprint(p.UUID, p.Key, p.IDs["name"]))
		want["of sb"] = append(want["of sb"], p.IDs["name"])
	}
	if err := same("the Southbound database", want["of sb"], want["of nb"]); err != nil {
		return err
	}
	ctx := context.Background()
	for i, c := range pictures {
		var have []string
		db := "nb"
		if i == 2 {
			db = "sb"
			var list []pictureDatapath
			if err := c.List(ctx, &list); err != nil {
				return err
			}
			for _, p := range list {
				have = append(have, fmt.Sprint(p.UUID, p.Key, p.IDs["name"]))
			}
		} else {
			var list []pictureSwitch
			var sets []pictureSet
			if err := errors.Join(c.List(ctx, &list), c.List(ctx, &sets)); err != nil {
				return err
			}
			for _, s := range list {
				have = append(have, fmt.Sprint("switch ", s.UUID, s.Name))
			}
			for _, s := range sets {
				slices.Sort(s.Addresses)
				have = append(have, fmt.Sprint("set ", s.UUID, s.Name, s.Addresses))
			}
		}
		if err := same(fmt.Sprintf("client %d of %s", i, db), have, want[db]); err != nil {
			return err
		}
	}
	return nil
}

// same compares two lists as sets, and names the first differences.
func same(who string, have, want []string) error {
	slices.Sort(have)
	slices.Sort(want)
	if slices.Equal(have, want) {
		return nil
	}
	var text []string
	for _, h := range have {
		if _, ok := slices.BinarySearch(want, h); !ok {
			text = append(text, "has "+h)
		}
	}
	for _, w := range want {
		if _, ok := slices.BinarySearch(have, w); !ok {
			text = append(text, "lacks "+w)
		}
	}
	return fmt.Errorf("%s has %d, the database %d: %.500s", who, len(have), len(want), strings.Join(text, "; "))
}
