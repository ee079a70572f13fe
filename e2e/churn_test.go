package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// churn changes a cloud all the time: ports on the switch n and on switches
// that come and go, members of the address set as, interfaces of hypervisors.
type churn struct {
	s        *Sandbox
	r        *rand.Rand
	n        int // names made so far
	switches []string
	ports    map[string]string // by name: their switch
	members  []string          // of the address set
	plugged  map[string]string // interfaces by name: their hypervisor

	north, local int // changes made
}

// most is how many there may be of each kind.
const most = 12

// run makes one change after another until ctx ends.
func (c *churn) run(ctx context.Context) error {
	for ctx.Err() == nil {
		change := c.intent
		if c.r.IntN(3) == 0 {
			change = c.plug
		}
		if err := change(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("churn: %w", err)
		}
	}
	return nil
}

// name returns a name that there was not.
func (c *churn) name(kind string) string {
	c.n++
	return fmt.Sprint(kind, c.n)
}

func pickKey[V any](r *rand.Rand, m map[string]V) string {
	keys := slices.Sorted(maps.Keys(m))
	return keys[r.IntN(len(keys))]
}

// intent changes the northbound database.
func (c *churn) intent(ctx context.Context) error {
	var args []string
	switch op := c.r.IntN(10); {
	case op == 0 && len(c.switches) < most:
		sw := c.name("sw")
		c.switches = append(c.switches, sw)
		args = []string{"ls-add", sw}
	case op == 1 && len(c.switches) > 0:
		i := c.r.IntN(len(c.switches))
		sw := c.switches[i]
		c.switches = slices.Delete(c.switches, i, i+1)
		maps.DeleteFunc(c.ports, func(_, of string) bool { return of == sw })
		args = []string{"ls-del", sw}
	case op <= 4 && len(c.ports) < 3*most:
		sw := "n"
		if len(c.switches) > 0 && c.r.IntN(2) == 0 {
			sw = c.switches[c.r.IntN(len(c.switches))]
		}
		port := c.name("p")
		c.ports[port] = sw
		args = []string{"lsp-add", sw, port, "--", "lsp-set-addresses", port,
			fmt.Sprintf("40:45:00:00:%02x:%02x 10.0.%d.%d", c.n>>8&255, c.n&255, 2+c.n>>8&127, c.n&255)}
	case op <= 6 && len(c.ports) > 0:
		port := pickKey(c.r, c.ports)
		delete(c.ports, port)
		args = []string{"lsp-del", port}
	case op <= 8 && len(c.members) < 20*most:
		c.n++
		a := fmt.Sprintf("10.1.%d.%d", c.n>>8&255, c.n&255)
		c.members = append(c.members, a)
		args = []string{"add", "Address_Set", "as", "addresses", `"` + a + `"`}
	case len(c.members) > 0:
		i := c.r.IntN(len(c.members))
		a := c.members[i]
		c.members = slices.Delete(c.members, i, i+1)
		args = []string{"remove", "Address_Set", "as", "addresses", `"` + a + `"`}
	default:
		return nil
	}
	r, err := c.s.Run(ctx, "", "", append([]string{"ovn-nbctl", "--timeout=30"}, args...)...)
	if err != nil {
		return fmt.Errorf("%w: %s", err, r.Stderr)
	}
	c.north++
	return nil
}

// plug adds an interface to a hypervisor, often for a port that there is, or
// takes one away. It does nothing while ovsdb-server is down. The interfaces
// are patch ports to nowhere: where one of the kernel comes or goes, the
// userspace datapath loses packets in tunnels, whatever its controller does.
func (c *churn) plug(ctx context.Context) error {
	var hv string
	args := []string{"ovs-vsctl", "--timeout=5", "--no-wait"}
	add := len(c.plugged) == 0 || len(c.plugged) < most && c.r.IntN(2) == 0
	port := ""
	if add {
		hv, port = fmt.Sprint("hv", 1+c.r.IntN(2)), c.name("p")
		if len(c.ports) > 0 {
			port = pickKey(c.r, c.ports)
		}
		if was, ok := c.plugged[port]; ok {
			hv = was
		}
		args = append(args, "--may-exist", "add-port", "br-int", port, "--", "set", "Interface", port,
			"type=patch", "options:peer=no-"+port, "external-ids:iface-id="+port)
	} else {
		port = pickKey(c.r, c.plugged)
		hv = c.plugged[port]
		args = append(args, "--if-exists", "del-port", "br-int", port)
	}
	if _, err := c.s.Run(ctx, hv, "", args...); err != nil {
		return nil // its database is being killed; whether it was done does not matter
	}
	c.local++
	if add {
		c.plugged[port] = hv
	} else {
		delete(c.plugged, port)
	}
	return nil
}
