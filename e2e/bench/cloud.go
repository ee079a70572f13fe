package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

const portsPerSwitch = 20

// cloud is a sandbox with a large northbound database.
type cloud struct {
	name     string // of the side
	s        *e2e.Sandbox
	nb       *client
	switches int
	ips      int // addresses of each port, at most 12
	local    int // ports on each of the two hypervisors
	added    int
	changed  int
	keys     []int // that each port of addPort had written, of weft

	want func(names ...string) bool   // tells whether one of these figures is asked for
	give func(name string, f *figure) // drops what nobody asked for
}

func newCloud(ctx context.Context, x side, of scene) (*cloud, error) {
	s, err := e2e.New(e2e.Config{Backend: x.backend, Bin: x.bin, Dummy: !of.packets})
	if err != nil {
		return nil, err
	}
	c := &cloud{name: x.name, s: s, switches: of.ports / portsPerSwitch, ips: of.ips}
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
	if err := c.connect(ctx); err != nil {
		return err
	}
	if _, err := c.s.Run(ctx, "", "", "ovn-nbctl", "init"); err != nil {
		return err
	}
	return c.unheard(ctx, c.writeSwitches)
}

// unheard writes many transactions. Of OVN, whose northd is another process than
// the server, northd stands still meanwhile: it would compile everything after each
// of them.
func (c *cloud) unheard(ctx context.Context, write func() error) error {
	if c.s.Backend.Name() != "ovn" {
		return write()
	}
	if err := c.do(ctx, "halt", "northd"); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return c.do(ctx, "start", "northd")
}

func (c *cloud) writeSwitches() error {
	var ops []op
	for i := range c.switches {
		var refs []any
		for j := range portsPerSwitch {
			name := portName(i, j)
			mac := fmt.Sprintf("40:44:%02x:%02x:%02x:%02x", i>>8, i&255, j>>8, j&255)
			addresses := mac
			for k := range c.ips {
				addresses += fmt.Sprintf(" 10.%d.%d.%d", i>>8, i&255, j+1+k*portsPerSwitch)
			}
			uuid := fmt.Sprintf("p%d_%d", i, j)
			ops = append(ops, op{"op": "insert", "table": "Logical_Switch_Port", "uuid-name": uuid, "row": map[string]any{
				"name": name, "addresses": addresses, "port_security": mac}})
			refs = append(refs, []any{"named-uuid", uuid})
		}
		ops = append(ops, op{"op": "insert", "table": "Logical_Switch", "row": map[string]any{"name": fmt.Sprintf("sw%d", i), "ports": []any{"set", refs}}})
		if len(ops) >= 1000 || i == c.switches-1 {
			if _, err := c.nb.transact(ops...); err != nil {
				return err
			}
			ops = nil
		}
	}
	return nil
}

// repeats and patience bound how often a change is made.
const (
	repeats  = 15
	patience = 45 * time.Second
)

// median does something n times, fewer if it loses patience, and returns the
// median of the times that it took.
func (c *cloud) median(ctx context.Context, n int, what string, once func() (time.Duration, error)) (*figure, error) {
	var all []time.Duration
	for start := time.Now(); len(all) < n && (len(all) < 3 || time.Since(start) < patience); {
		d, err := once()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	c.note("%s %d times: %v … %v", what, len(all), all[0].Round(time.Microsecond), all[len(all)-1].Round(time.Microsecond))
	return seconds(all[len(all)/2]), nil
}

// note prints what is not a figure.
func (c *cloud) note(format string, args ...any) {
	fmt.Printf("# %s, %d ports: %s\n", c.name, c.switches*portsPerSwitch, fmt.Sprintf(format, args...))
}

// do runs a command of scenario scripts.
func (c *cloud) do(ctx context.Context, words ...string) error {
	return c.s.Do(ctx, c.s.Dir, io.Discard, io.Discard, words...)
}

func (c *cloud) connect(ctx context.Context) (err error) {
	c.nb, err = dial(ctx, c.s.Dir+"/nb.sock")
	return err
}

func portName(sw, port int) string { return fmt.Sprintf("sw%d-p%d", sw, port) }

// occupy sees to it that two hypervisors have so many of the ports each, on as
// many switches as possible, and waits until their flows are in.
func (c *cloud) occupy(ctx context.Context, local int) error {
	if err := c.hypervisors(); err != nil {
		return err
	}
	for h := range 2 {
		var ports []string
		for k := c.local; k < local; k++ {
			ports = append(ports, portName(k%c.switches, k/c.switches*2+h))
		}
		if err := c.attach(ctx, fmt.Sprintf("hv%d", h+1), ports); err != nil {
			return err
		}
	}
	c.local = local
	// All of them claimed and announced, then all of that installed.
	if err := c.awaitUp(ctx, 2*local+c.added); err != nil {
		return err
	}
	return c.nb.transactWait("hv_cfg")
}

// hypervisors makes the two, if they are not there.
func (c *cloud) hypervisors() error {
	if _, err := c.s.Hypervisor("hv2"); err == nil {
		return nil
	}
	return c.s.AddHypervisors(2)
}

// readAll makes OVN's agents read the whole Southbound database, which is what
// they come to anyway where each has a port of every switch. Told of the
// switches one by one, its server looks through all flows for each, for
// minutes.
func (c *cloud) readAll(ctx context.Context) error {
	if c.s.Backend.Name() != "ovn" {
		return nil
	}
	if err := c.hypervisors(); err != nil {
		return err
	}
	for _, hv := range []string{"hv1", "hv2"} {
		if err := c.monitorAll(ctx, hv); err != nil {
			return err
		}
	}
	return nil
}

// monitorAll makes an agent read the whole Southbound database.
func (c *cloud) monitorAll(ctx context.Context, hv string) error {
	r, err := c.s.Run(ctx, hv, "", "ovs-vsctl", "--no-wait", "set", "Open_vSwitch", ".", "external-ids:ovn-monitor-all=true")
	if err != nil {
		return fmt.Errorf("%w: %s", err, r.Stderr)
	}
	return nil
}

// attach gives a hypervisor the interfaces of ports.
func (c *cloud) attach(ctx context.Context, hv string, ports []string) error {
	args := []string{"ovs-vsctl", "--no-wait"}
	for _, port := range ports {
		args = append(args, "--", "add-port", "br-int", port, "--", "set", "Interface", port, "external-ids:iface-id="+port)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	r, err := c.s.Run(ctx, hv, "", args...)
	if err != nil {
		return fmt.Errorf("%w: %s", err, r.Stderr)
	}
	return nil
}

// awaitUp waits until so many ports are up.
func (c *cloud) awaitUp(ctx context.Context, want int) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		rows, err := c.nb.transact(op{"op": "select", "table": "Logical_Switch_Port", "where": []any{[]any{"up", "==", true}}, "columns": []string{"name"}})
		if err != nil || len(rows) >= want {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d ports are up: %w", len(rows), want, ctx.Err())
		}
	}
}

// addPort measures one port: from the transaction to the flows on both
// hypervisors. The VM is already there, on hv1. More operations on the port,
// whose uuid-name is "new", may go with it.
func (c *cloud) addPort(ctx context.Context, more ...op) (time.Duration, error) {
	c.added++
	name := fmt.Sprintf("new%d", c.added)
	r, err := c.s.Run(ctx, "hv1", "", "ovs-vsctl", "add-port", "br-int", name, "--", "set", "Interface", name, "external-ids:iface-id="+name)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, r.Stderr)
	}
	if err := c.nb.transactWait("hv_cfg"); err != nil { // all is quiet
		return 0, err
	}
	mac := fmt.Sprintf("40:45:00:00:%02x:%02x", c.added>>8, c.added&255)
	ops := append([]op{
		{"op": "insert", "table": "Logical_Switch_Port", "uuid-name": "new", "row": map[string]any{"name": name,
			"addresses": fmt.Sprintf("%s 10.200.%d.%d", mac, c.added>>8, c.added&255), "port_security": mac}},
		insert("Logical_Switch", fmt.Sprintf("sw%d", c.added*37%min(c.switches, c.local)), "ports", []any{"named-uuid", "new"}),
	}, more...)
	var took time.Duration
	n, err := c.written(ctx, func() error {
		start := time.Now()
		if err := c.nb.transactWait("hv_cfg", ops...); err != nil {
			return err
		}
		took = time.Since(start)
		return c.nb.transactWait("hv_cfg") // what is left of it
	})
	c.keys = append(c.keys, n)
	return took, err
}

// changePort gives a port of hv1 another address, and returns the time until that
// is in the switches.
func (c *cloud) changePort() (time.Duration, error) {
	c.changed++
	change := op{"op": "update", "table": "Logical_Switch_Port", "where": []any{[]any{"name", "==", portName(c.changed%min(c.switches, c.local), 0)}},
		"row": map[string]any{"addresses": fmt.Sprintf("40:46:00:00:%02x:%02x 10.201.%d.%d", c.changed>>8, c.changed&255, c.changed>>8, c.changed&255)}}
	start := time.Now()
	if err := c.nb.transactWait("hv_cfg", change); err != nil {
		return 0, err
	}
	return time.Since(start), c.nb.transactWait("hv_cfg")
}
