package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"

	"golang.org/x/sync/errgroup"
)

// Backend is the implementation under test: weft, or stock OVN, which shows
// that the scenarios themselves are right and is the peer of benchmarks.
type Backend interface {
	// Name is "weft" or "ovn".
	Name() string
	startCentral(s *Sandbox) func() error
	startAgent(s *Sandbox, h *Hypervisor) error
	// remote is what a hypervisor's ovn-remote says.
	remote(s *Sandbox) string
	emptySouthbound(ctx context.Context, s *Sandbox) error
	bindElsewhere(ctx context.Context, s *Sandbox, chassis int, but string) error
}

// BackendFromEnv is what E2E_BACKEND asks for; weft if nothing.
func BackendFromEnv() (Backend, error) {
	switch v := os.Getenv("E2E_BACKEND"); v {
	case "", "weft":
		return Weft{}, nil
	case "ovn":
		return OVN{}, nil
	default:
		return nil, fmt.Errorf("e2e: E2E_BACKEND is %q, not weft or ovn", v)
	}
}

// registered waits until the agent's bridge and chassis rows are there. From
// then on `--wait=hv` waits for this hypervisor too.
func registered(s *Sandbox, h *Hypervisor) error {
	var g errgroup.Group
	g.Go(func() error {
		_, err := h.tool("ovs-vsctl", "--timeout=30", "wait-until", "Bridge", "br-int")
		return err
	})
	g.Go(func() error {
		_, err := s.toolAt(s.ns("fab"), s.Dir, "ovn-sbctl", "--timeout=30", "wait-until", "Chassis_Private", h.Name)
		return err
	})
	return g.Wait()
}

// Weft is the system itself.
type Weft struct{}

// Name is "weft".
func (Weft) Name() string { return "weft" }

const etcdURL = "http://" + centralIP + ":2379"

func (Weft) remote(s *Sandbox) string {
	if s.SBRemote {
		return "tcp:" + centralIP + ":6642"
	}
	return "etcd:" + etcdURL
}

func (Weft) startCentral(s *Sandbox) func() error {
	ns, env := s.ns("fab"), s.env(s.Dir)
	etcd := []string{"--etcd", etcdURL}
	if s.Embedded {
		etcd = []string{"--etcd", "embedded", "--data-dir", s.Dir + "/etcd", "--etcd-listen", etcdURL}
	}
	return func() error {
		if !s.Embedded {
			err := s.run(&daemon{name: "etcd", polite: true, start: func() (*Process, error) {
				return s.startDaemon("etcd", ns, env, "weft-etcd", "--data-dir", s.Dir+"/etcd", "--listen", etcdURL+",unix://"+s.Dir+"/etcd.sock")
			}})
			if err != nil {
				return err
			}
		}
		return s.run(&daemon{name: "northd", polite: true, start: func() (*Process, error) {
			args := append([]string{"northd", "--name", "north1", "--admin", "unix:" + s.Dir + "/northd.sock", "--log-level", "info",
				"--nb-listen", "punix:" + s.Dir + "/nb.sock,ptcp:6641:" + centralIP, "--sb-listen", "punix:" + s.Dir + "/sb.sock,ptcp:6642:" + centralIP}, etcd...)
			return s.startDaemon("northd", ns, env, args...)
		}})
	}
}

func (Weft) startAgent(s *Sandbox, h *Hypervisor) error {
	err := s.run(&daemon{name: h.Name + "/chassisd", polite: true, start: func() (*Process, error) {
		return s.startDaemon(h.Name+"/chassisd", h.ns, s.env(h.dir), "chassisd", "--ovs", "unix:"+h.dir+"/db.sock",
			"--ovs-rundir", h.dir, "--admin", "unix:"+h.dir+"/chassisd.sock", "--log-level", "info")
	}})
	if err != nil {
		return err
	}
	return registered(s, h)
}

// OVN is Debian's OVN.
type OVN struct{}

// Name is "ovn".
func (OVN) Name() string { return "ovn" }

func (OVN) remote(*Sandbox) string { return "tcp:" + centralIP + ":6642" }

func (OVN) startCentral(s *Sandbox) func() error {
	ns, env, dir := s.ns("fab"), s.env(s.Dir), s.Dir
	db := func(name, schema, remote string) func() error {
		return func() error {
			if _, err := s.toolAt(ns, dir, "ovsdb-tool", "create", dir+"/"+name+".db", "/usr/share/ovn/"+schema); err != nil {
				return err
			}
			return s.run(&daemon{name: name + "-ovsdb", start: func() (*Process, error) {
				return s.startDetached(name+"-ovsdb", ns, env, dir+"/"+name+".pid", dir+"/log-"+name+"-ovsdb", "ovsdb-server", dir+"/"+name+".db",
					"--remote=punix:"+dir+"/"+name+".sock", "--remote="+remote)
			}})
		}
	}
	return func() error {
		var g errgroup.Group
		g.Go(db("nb", "ovn-nb.ovsschema", "ptcp:6641:"+centralIP))
		g.Go(db("sb", "ovn-sb.ovsschema", "db:OVN_Southbound,SB_Global,connections"))
		if err := g.Wait(); err != nil {
			return err
		}
		if _, err := s.toolAt(ns, dir, "ovn-nbctl", "--no-wait", "init"); err != nil {
			return err
		}
		if err := s.listenSouthbound(); err != nil {
			return err
		}
		return s.run(&daemon{name: "northd", start: func() (*Process, error) {
			return s.startDetached("northd", ns, env, dir+"/northd.pid", dir+"/log-northd", "ovn-northd", "--ovnnb-db=unix:"+dir+"/nb.sock", "--ovnsb-db=unix:"+dir+"/sb.sock")
		}})
	}
}

// listenSouthbound opens an empty Southbound database of OVN to agents. It does
// not ask them whether they are alive: an agent may compute for longer than the
// 5 s after which it would be disconnected, would read everything again, and
// never get done.
func (s *Sandbox) listenSouthbound() error {
	_, err := s.toolAt(s.ns("fab"), s.Dir, "ovn-sbctl", "init", "--", "set-connection", "ptcp:6642:"+centralIP, "--", "set", "connection", ".", "inactivity_probe=0")
	return err
}

func (OVN) startAgent(s *Sandbox, h *Hypervisor) error {
	log := s.Dir + "/log-" + h.Name + "-chassisd"
	err := s.run(&daemon{name: h.Name + "/chassisd", start: func() (*Process, error) {
		return s.startDetached(h.Name+"/chassisd", h.ns, s.env(h.dir), h.dir+"/ovn-controller.pid", log, "ovn-controller", "unix:"+h.dir+"/db.sock")
	}})
	if err != nil {
		return err
	}
	if err := registered(s, h); err != nil {
		return err
	}
	return answersPackets(log)
}

var packetsConnected = regexp.MustCompile(`rconn\(ovn_pinctrl\d\)\|INFO\|.*: connected`)

// answersPackets waits until the thread of ovn-controller that answers packets
// (ARP, DHCP, reject, …) has its connection to the switch, of which nothing but
// the log tells. `--wait=hv` does not wait for it, and where br-int is new it can
// take a second.
func answersPackets(log string) error {
	return poll(readyTimeout, func() error {
		b, err := os.ReadFile(log)
		if err != nil {
			return fmt.Errorf("e2e: %w", err)
		}
		if !packetsConnected.Match(b) {
			return unmetf("e2e: ovn-controller answers no packets yet\n%s", tail(log, 20))
		}
		return nil
	})
}
