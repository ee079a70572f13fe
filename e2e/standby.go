package e2e

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// standbyName is the daemon of a second northd.
const standbyName = "northd2"

// AddStandby starts a second northd on the sandbox's etcd, as the daemon northd2.
// It serves the databases on nb2.sock and sb2.sock. If ready, it returns when it
// serves readers; otherwise at once.
func (s *Sandbox) AddStandby(ready bool) error {
	if _, ours := s.Backend.(Weft); !ours || s.Embedded {
		return errors.New("e2e: a standby needs weft and an etcd of its own")
	}
	start := s.startDaemon
	if !ready {
		start = s.launchDaemon
	}
	return s.run(&daemon{name: standbyName, polite: true, start: func() (*Process, error) {
		return start(standbyName, s.ns("fab"), s.env(s.Dir), "northd", "--name", "north2", "--admin", "unix:"+s.Dir+"/northd2.sock",
			"--log-level", "info", "--nb-listen", "punix:"+s.Dir+"/nb2.sock", "--sb-listen", "punix:"+s.Dir+"/sb2.sock", "--etcd", etcdURL)
	}})
}

// Quiet returns when a daemon uses next to no processor time any more.
func (s *Sandbox) Quiet(ctx context.Context, name string) error {
	const window, limit = 500 * time.Millisecond, 25 * time.Millisecond
	tick := time.NewTicker(window)
	defer tick.Stop()
	for last := time.Duration(-1); ; {
		used, err := s.CPU(name)
		if err != nil {
			return err
		}
		if last >= 0 && used-last < limit {
			return nil
		}
		last = used
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("e2e: %s is still busy: %w", name, ctx.Err())
		}
	}
}

// cmdStandby is AddStandby for scenarios.
func cmdStandby(c *call) error {
	if len(c.args) != 0 {
		return errUsage
	}
	return c.s.AddStandby(true)
}
