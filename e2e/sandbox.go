package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
	"github.com/weft-sdn/weft/e2e/traffic"
)

// Config says what a sandbox is made of.
type Config struct {
	Backend  Backend
	Bin      string        // directory of weft's programs
	Base     string        // where the sandbox's directory goes; default /tmp. Short, because Unix socket paths are limited to 107 bytes
	Embedded bool          // northd with embedded etcd instead of a weft-etcd process
	Check    bool          // daemons compare incremental with full results after every commit (WEFT_CHECK=1)
	SBRemote bool          // hypervisors are told an OVSDB address (ovn-remote=tcp:…), not etcd's
	IPv6     bool          // tunnels over IPv6
	Limit    time.Duration // of a script; 0 for what scripts need that do not wait on purpose
	Dummy    bool          // for benchmarks: switches without a datapath, interfaces without packets
}

// Sandbox is one cloud in namespaces. Its methods are called by one goroutine.
type Sandbox struct {
	Config
	ID  string // short, unique on this machine
	Dir string // sockets, databases, logs

	watchdog *watchdog
	daemons  daemons
	hvs      []*Hypervisor
	vms      map[string]*VM // VMs, containers and external hosts
	trunks   int            // made for hosts on VLANs
	central  bool
	sight    sight // packet listeners
	pings    pings // background pings
	sessions map[string]*traffic.Session
	streams  map[string]*traffic.Stream
	programs map[string]*background
	services []io.Closer // tcp and udp servers
}

// New makes an empty sandbox: the fabric alone. Close it.
func New(c Config) (*Sandbox, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("e2e: a sandbox needs root, for network namespaces")
	}
	id := make([]byte, 3)
	_, _ = rand.Read(id) // never fails (crypto/rand)
	if c.Base == "" {
		c.Base = "/tmp"
	}
	s := &Sandbox{Config: c, ID: hex.EncodeToString(id), vms: map[string]*VM{}}
	s.Dir = filepath.Join(c.Base, "weft-"+s.ID)
	s.daemons.m = map[string]*daemon{}
	s.sight.listeners = map[string]*listener{}
	s.pings.m = map[string]*traffic.Pinger{}
	s.sessions, s.streams, s.programs = map[string]*traffic.Session{}, map[string]*traffic.Stream{}, map[string]*background{}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("e2e: %w", err)
	}
	w, err := startWatchdog("weft-"+s.ID, s.Dir)
	if err != nil {
		os.Remove(s.Dir)
		return nil, err
	}
	s.watchdog = w
	if err := s.fabric(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// ns is the full name of a namespace of this sandbox: "fab", "hv1", "vm-vm1".
func (s *Sandbox) ns(name string) string { return "weft-" + s.ID + "-" + name }

// underlayMTU holds a VM's 1500 plus inner Ethernet 14, Geneve 8, option 8,
// UDP 8 and IPv6 40.
const underlayMTU = 1600

// centralIP is where the databases listen, on the management network.
const centralIP = "172.31.0.254"

// fabricIP answers pings on the underlay: see barrier.
const fabricIP = "10.0.0.254"

// fabric makes the three networks that join hypervisors: underlay (tunnels),
// management (databases), external (the provider network).
func (s *Sandbox) fabric() error {
	ns := s.ns("fab")
	if err := netns.IP("", "netns add "+ns); err != nil {
		return err
	}
	return netns.IP(ns, "link set lo up",
		"link add ul type bridge", fmt.Sprintf("link set ul mtu %d up", underlayMTU), "addr add "+fabricIP+"/24 dev ul",
		"link add mgmt type bridge", "link set mgmt up", "addr add "+centralIP+"/24 dev mgmt",
		"link add ext type bridge", "link set ext up")
}

// AddHypervisors adds n hypervisors (hv1, hv2, …) with agents, and before the
// first of them the central daemons. When it returns all are registered.
func (s *Sandbox) AddHypervisors(n int) error {
	first := len(s.hvs) + 1
	var g errgroup.Group
	if !s.central {
		s.central = true
		g.Go(s.Backend.startCentral(s))
	}
	for i := range n {
		h := s.newHypervisor(first + i)
		s.hvs = append(s.hvs, h)
		g.Go(h.start)
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if !s.Dummy {
		if err := s.meet(); err != nil {
			return err
		}
	}
	for _, h := range s.hvs[first-1:] {
		g.Go(func() error { return s.Backend.startAgent(s, h) })
	}
	return g.Wait()
}

// meet seeds the tunnel neighbours of all hypervisors, of both families: cold,
// Open vSwitch drops the packet for which it asks.
func (s *Sandbox) meet() error {
	var g errgroup.Group
	for _, h := range s.hvs {
		g.Go(func() error { return h.seedNeighbours(s.hvs) })
	}
	return g.Wait()
}

// Hypervisor returns the hypervisor of that name ("hv1").
func (s *Sandbox) Hypervisor(name string) (*Hypervisor, error) {
	for _, h := range s.hvs {
		if h.Name == name {
			return h, nil
		}
	}
	return nil, fmt.Errorf("e2e: there is no hypervisor %q", name)
}

// env is the environment of daemons and tools: where the databases are, and
// nothing of the caller's but the search path.
func (s *Sandbox) env(dir string) []string {
	env := []string{"PATH=" + s.Bin + ":/usr/sbin:/usr/bin:/sbin:/bin:" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C.UTF-8", "TERM=dumb"}
	for _, v := range []string{"OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVN_RUNDIR", "OVN_LOGDIR", "OVN_DBDIR"} {
		env = append(env, v+"="+dir)
	}
	env = append(env, "OVS_SYSCONFDIR="+dir+"/etc", "OVN_SYSCONFDIR="+dir+"/etc",
		"OVN_NB_DB=unix:"+s.Dir+"/nb.sock", "OVN_SB_DB=unix:"+s.Dir+"/sb.sock")
	if s.Check {
		env = append(env, "WEFT_CHECK=1")
	}
	for _, v := range []string{"GOCOVERDIR", "GORACE", "GODEBUG"} {
		if x := os.Getenv(v); x != "" {
			env = append(env, v+"="+x)
		}
	}
	return env
}

// Result is what a program said.
type Result struct{ Stdout, Stderr string }

// toolTimeout ends a tool that gets no answer, unless the caller has set
// another deadline.
const toolTimeout = 60 * time.Second

// Run runs a program at a place: "" or "fab" for the middle of the fabric, a
// hypervisor's or VM's name. stdin may be empty.
func (s *Sandbox) Run(ctx context.Context, place, stdin string, args ...string) (Result, error) {
	cmd, cancel, err := s.Command(ctx, place, args...)
	if err != nil {
		return Result{}, err
	}
	defer cancel()
	return output(cmd, stdin, args)
}

func output(cmd *exec.Cmd, stdin string, args []string) (Result, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return Result{stdout.String(), stderr.String()}, err
}

// Command prepares a program to run at a place.
func (s *Sandbox) Command(ctx context.Context, place string, args ...string) (*exec.Cmd, context.CancelFunc, error) {
	if len(args) == 0 {
		return nil, nil, errors.New("e2e: no program to run")
	}
	ns, dir, err := s.place(place)
	if err != nil {
		return nil, nil, err
	}
	cmd, cancel := s.command(ctx, ns, dir, args...)
	return cmd, cancel, nil
}

func (s *Sandbox) command(ctx context.Context, ns, dir string, args ...string) (*exec.Cmd, context.CancelFunc) {
	cancel := context.CancelFunc(func() {})
	if _, ok := ctx.Deadline(); !ok {
		ctx, cancel = context.WithTimeout(ctx, toolTimeout)
	}
	cmd := netns.Command(ctx, ns, s.env(dir), args...)
	cmd.Dir = s.Dir
	cmd.WaitDelay = time.Second // a child that keeps the output open
	return cmd, cancel
}

// place resolves a name to a namespace and a run directory.
func (s *Sandbox) place(name string) (ns, dir string, err error) {
	if name == "" || name == "fab" {
		return s.ns("fab"), s.Dir, nil
	}
	if v, ok := s.vms[name]; ok {
		return v.ns, s.Dir, nil
	}
	h, err := s.Hypervisor(name)
	if err != nil {
		return "", "", fmt.Errorf("e2e: %q is neither a hypervisor nor a VM nor an external host", name)
	}
	return h.ns, h.dir, nil
}

// toolAt runs one of the stock tools for the sandbox's own needs and returns
// its output.
func (s *Sandbox) toolAt(ns, dir string, args ...string) (string, error) {
	cmd, cancel := s.command(context.Background(), ns, dir, args...)
	defer cancel()
	r, err := output(cmd, "", args)
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(r.Stderr))
	}
	return strings.TrimSpace(r.Stdout), nil
}

// stop ends what can be asked to end, and reports daemons of ours that did not
// when they were asked.
func (s *Sandbox) stop() error {
	for _, x := range s.services {
		x.Close()
	}
	s.services = nil
	for _, x := range s.sessions {
		x.Close()
	}
	var programs []error
	for _, x := range s.programs {
		programs = append(programs, x.end(unix.SIGKILL))
	}
	for _, x := range s.streams {
		x.Stop()
	}
	clear(s.sessions)
	clear(s.streams)
	clear(s.programs)
	for _, v := range s.vms {
		v.close()
	}
	s.pings.close()
	s.sight.close()
	// etcd last: the others say good-bye to it.
	return errors.Join(errors.Join(programs...), s.stopWhere(func(d *daemon) bool { return d.name != "etcd" }), s.stopWhere(func(*daemon) bool { return true }))
}

func (s *Sandbox) stopWhere(which func(*daemon) bool) error {
	var g sync.WaitGroup
	errs := make(chan error, len(s.daemons.m))
	for _, d := range s.daemons.m {
		if d.polite && which(d) && d.proc != nil && d.proc.Alive() {
			g.Go(func() { errs <- d.halt(unix.SIGTERM) })
		}
	}
	g.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// Close ends everything and removes it.
func (s *Sandbox) Close() error {
	return errors.Join(s.stop(), s.watchdog.clean())
}
