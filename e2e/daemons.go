package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// daemon is a program that a scenario can stop and start again.
type daemon struct {
	name   string
	start  func() (*Process, error)
	polite bool // ended by SIGTERM at the end of the scenario, to see that it stops; others are just killed
	proc   *Process
	wanted bool // it should be running
	frozen bool
}

// daemons are those of a sandbox by name: northd, etcd, hv1/chassisd,
// hv1/vswitchd, hv1/ovsdb. They are added in parallel at the start.
type daemons struct {
	mu sync.Mutex
	m  map[string]*daemon
}

// startTimeout and stopTimeout bound what must happen much faster.
const stopTimeout = 10 * time.Second

// run adds a daemon and starts it.
func (s *Sandbox) run(d *daemon) error {
	s.daemons.mu.Lock()
	s.daemons.m[d.name] = d
	s.daemons.mu.Unlock()
	return d.up()
}

func (d *daemon) up() error {
	if d.proc != nil && d.proc.Alive() {
		return fmt.Errorf("e2e: %s runs already", d.name)
	}
	p, err := d.start()
	if err != nil {
		return err
	}
	d.proc, d.wanted, d.frozen = p, true, false
	return nil
}

func (d *daemon) halt(sig unix.Signal) error {
	d.wanted = false
	if d.proc == nil || !d.proc.Alive() {
		return fmt.Errorf("e2e: %s does not run", d.name)
	}
	if d.frozen {
		d.proc.signal(unix.SIGCONT)
		d.frozen = false
	}
	return d.proc.end(sig, stopTimeout)
}

// daemon finds one by what a scenario calls it: `northd`, `chassisd hv1`,
// `hv1/chassisd`.
func (s *Sandbox) daemon(words ...string) (*daemon, error) {
	words = slices.Clone(words)
	slices.Reverse(words)
	name := strings.Join(words, "/")
	if d, ok := s.daemons.m[name]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("e2e: there is no daemon %q, only %s", name, strings.Join(s.daemonNames(), ", "))
}

// running tells whether a daemon is there and neither stopped nor frozen.
func (s *Sandbox) running(name string) bool {
	s.daemons.mu.Lock()
	d := s.daemons.m[name]
	s.daemons.mu.Unlock()
	return d != nil && d.proc != nil && d.wanted && !d.frozen && d.proc.Alive()
}

func (s *Sandbox) daemonNames() []string {
	var names []string
	for n := range s.daemons.m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// dead reports daemons that ended without being told to.
func (s *Sandbox) dead() error {
	for _, name := range s.daemonNames() {
		if d := s.daemons.m[name]; d.wanted && d.proc != nil && !d.proc.Alive() {
			d.wanted = false
			return fmt.Errorf("e2e: %s died: %s\n%s", name, d.proc.how, tail(d.proc.Log, 40))
		}
	}
	return nil
}
