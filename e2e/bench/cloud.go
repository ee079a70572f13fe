package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

const portsPerSwitch = 20

// cloud is a sandbox with a large northbound database.
type cloud struct {
	s        *e2e.Sandbox
	nb       *client // an ovn-nbctl daemon: its connection is held
	switches int
	added    int
}

func newCloud(ctx context.Context, b e2e.Backend, bin string, ports int) (*cloud, error) {
	s, err := e2e.New(e2e.Config{Backend: b, Bin: bin, Dummy: true})
	if err != nil {
		return nil, err
	}
	c := &cloud{s: s, switches: ports / portsPerSwitch}
	if err := c.fill(ctx); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, closed(s))
	}
	return c, nil
}

// closed takes a sandbox down after an error and returns what its daemons
// said.
func closed(s *e2e.Sandbox) string {
	state := s.State()
	if err := s.Close(); err != nil {
		state += err.Error()
	}
	return state[max(0, len(state)-4000):]
}

// fill writes the switches, a thousand ports a transaction.
func (c *cloud) fill(ctx context.Context) error {
	if err := c.s.AddHypervisors(0); err != nil {
		return err
	}
	db, err := dial(c.s.Dir + "/nb.sock")
	if err != nil {
		return err
	}
	defer db.conn.Close()
	var ops []any
	for i := range c.switches {
		var refs []any
		for j := range portsPerSwitch {
			name := portName(i, j)
			mac := fmt.Sprintf("40:44:%02x:%02x:%02x:%02x", i>>8, i&255, j>>8, j&255)
			uuid := fmt.Sprintf("p%d_%d", i, j)
			ops = append(ops, map[string]any{"op": "insert", "table": "Logical_Switch_Port", "uuid-name": uuid, "row": map[string]any{
				"name": name, "addresses": fmt.Sprintf("%s 10.%d.%d.%d", mac, i>>8, i&255, j+1), "port_security": mac}})
			refs = append(refs, []any{"named-uuid", uuid})
		}
		ops = append(ops, map[string]any{"op": "insert", "table": "Logical_Switch", "row": map[string]any{"name": fmt.Sprintf("sw%d", i), "ports": []any{"set", refs}}})
		if len(ops) >= 1000 || i == c.switches-1 {
			if err := db.transact("OVN_Northbound", ops...); err != nil {
				return err
			}
			ops = nil
		}
	}
	r, err := c.s.Run(ctx, "", "", "ovn-nbctl", "--pidfile="+c.s.Dir+"/nbctl.pid", "--detach")
	if err != nil {
		return fmt.Errorf("%w: %s", err, r.Stderr)
	}
	c.nb, err = dial(strings.TrimSpace(r.Stdout))
	return err
}

func portName(sw, port int) string { return fmt.Sprintf("sw%d-p%d", sw, port) }

// occupy starts two hypervisors with one port of every switch each, and waits
// until their flows are in.
func (c *cloud) occupy(ctx context.Context) error {
	if err := c.s.AddHypervisors(2); err != nil {
		return err
	}
	for h := range 2 {
		args := []string{"ovs-vsctl", "--no-wait"}
		for i := range c.switches {
			dev := fmt.Sprintf("p%d", i)
			args = append(args, "--", "add-port", "br-int", dev, "--", "set", "Interface", dev, "external-ids:iface-id="+portName(i, h))
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
		r, err := c.s.Run(ctx, fmt.Sprintf("hv%d", h+1), "", args...)
		cancel()
		if err != nil {
			return fmt.Errorf("%w: %s", err, r.Stderr)
		}
	}
	// All of them claimed and announced, then all of that installed.
	for h := range 2 {
		for i := range c.switches {
			if err := c.nb.nbctl("wait-until", "Logical_Switch_Port", portName(i, h), "up=true"); err != nil {
				return err
			}
		}
	}
	return c.nb.nbctl("--wait=hv", "sync")
}

// addPort measures one port: from the transaction to the flows on both
// hypervisors. The VM is already there, on hv1.
func (c *cloud) addPort(ctx context.Context) (time.Duration, error) {
	c.added++
	name := fmt.Sprintf("new%d", c.added)
	sw := (c.added * 37) % c.switches
	r, err := c.s.Run(ctx, "hv1", "", "ovs-vsctl", "add-port", "br-int", name, "--", "set", "Interface", name, "external-ids:iface-id="+name)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, r.Stderr)
	}
	if err := c.nb.nbctl("--wait=hv", "sync"); err != nil {
		return 0, err
	}
	start := time.Now()
	err = c.nb.nbctl("--wait=hv", "lsp-add", fmt.Sprintf("sw%d", sw), name, "--", "lsp-set-addresses", name,
		fmt.Sprintf("40:45:00:00:%02x:%02x 10.200.%d.%d", c.added>>8, c.added&255, c.added>>8, c.added&255))
	took := time.Since(start)
	if err != nil {
		return 0, err
	}
	return took, c.nb.nbctl("--wait=hv", "sync")
}
