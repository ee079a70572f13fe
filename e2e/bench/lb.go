package main

import (
	"fmt"
	"strings"
	"time"
)

// Figures of clouds with load balancers: 500 of 10 backends, in one group that all of
// 500 switches have, 25 on each of 20 routers. On each switch are ten VMs, which are the
// backends; hv1 has one of each router, and so has to do with all switches.
//
//   - cold-compile: northd from its start, with an empty Southbound database, until
//     that holds everything;
//   - backend-add: a backend more, or the same less, of one load balancer, from the
//     transaction until it is in the switch; of 15 the median;
//   - agent-lb-flows, agent-lb-memory: what hv1's agent has put into the switch, and
//     the memory that it holds by then (its own, without the program's file);
//   - switch-lb-memory: that of the switch;
//   - southbound-lb-bytes: of the Southbound database, compact.
//
// And of a cloud of 1,000 load balancers of 20 backends on 50 switches:
//
//   - backend-flap-agent-cpu: the agent's processor time for a backend more or less of
//     one of them, for which nobody waits; of 20, two a second, the mean.
type lbCloud struct {
	name                                   string
	balancers, switches, routers, backends int
}

var (
	manyBalancers = lbCloud{"500-lbs", 500, 500, 20, 10}
	manyServices  = lbCloud{"1000-services", 1000, 50, 5, 20}
)

const (
	lbCold   = "cold-compile-500-lbs"
	lbAdd    = "backend-add-to-flows-500-lbs"
	lbFlows  = "agent-lb-flows"
	lbMemory = "agent-lb-memory"
	lbSwitch = "switch-lb-memory"
	lbBytes  = "southbound-lb-bytes"
	lbFlap   = "backend-flap-agent-cpu"
)

func lbScenes() []scene {
	many, flap := manyBalancers.routed(), manyServices.routed()
	many.cold, many.add, many.flows, many.memory, many.switchMemory, many.bytes = lbCold, lbAdd, lbFlows, lbMemory, lbSwitch, lbBytes
	flap.cpu = lbFlap
	return []scene{many.scene([]spec{
		{name: lbCold, goal: goal{ratio: 0.25}},
		{name: lbFlows, goal: goal{ratio: 0.05}},
		{name: lbMemory, goal: goal{ratio: 0.25}},
		{name: lbSwitch, goal: goal{ratio: 0.25}},
		{name: lbBytes, goal: goal{ratio: 0.2}},
		{name: lbAdd, goal: goal{ratio: 0.1, limit: &figure{15e-3, "s"}}},
	}), flap.scene([]spec{{name: lbFlap, goal: goal{ratio: 0.1}}})}
}

// routed is the cloud, of which hv1 has a VM of each router.
func (z lbCloud) routed() routed {
	var vms []string
	for r := range z.routers {
		vms = append(vms, portName(r*z.switches/z.routers, 0))
	}
	return routed{name: z.name, vms: vms, write: z.write, change: z.change, flap: z.flap}
}

// vmsOfSwitch is how many VMs a switch has.
const vmsOfSwitch = 10

// address is that of VM j on switch i; -1 is the router's.
func (lbCloud) address(i, j int) string { return fmt.Sprintf("10.%d.%d.%d", 1+i>>8, i&255, j+2) }

func lbVIP(i int) string  { return fmt.Sprintf("172.30.%d.%d:80", i>>8, i&255) }
func lbName(i int) string { return fmt.Sprint("lb", i) }

// vips is column vips of a load balancer, whose backends are on as many switches, or on
// all.
func (z lbCloud) vips(i, backends int) []any {
	step := max(1, z.switches/z.backends)
	var all []string
	for j := range backends {
		all = append(all, z.address((i+step*j)%z.switches, j%vmsOfSwitch)+":8080")
	}
	return []any{"map", []any{[]any{lbVIP(i), strings.Join(all, ",")}}}
}

// change gives the first load balancer a backend more, or takes it away again.
func (z lbCloud) change(c *cloud, parts *waits) (time.Duration, error) {
	took, err := c.nb.timed(parts, z.update(c))
	if err != nil {
		return 0, err
	}
	return took, c.nb.transactWait("hv_cfg")
}

// flap is change for which nobody waits.
func (z lbCloud) flap(c *cloud) error {
	_, err := c.nb.transact(z.update(c))
	return err
}

func (z lbCloud) update(c *cloud) op {
	c.added++
	return op{"op": "update", "table": "Load_Balancer", "where": []any{[]any{"name", "==", lbName(0)}},
		"row": map[string]any{"vips": z.vips(0, z.backends+c.added%2)}}
}

// write makes the load balancers in their group, and the routers with their switches,
// one a transaction.
func (z lbCloud) write(c *cloud) error {
	var b batch
	var all []any
	for i := range z.balancers {
		all = append(all, b.row("Load_Balancer", map[string]any{"name": lbName(i), "vips": z.vips(i, z.backends)}))
	}
	b.row("Load_Balancer_Group", map[string]any{"name": "all", "load_balancer": []any{"set", all}})
	b = append(b, op{"op": "select", "table": "Load_Balancer_Group", "where": []any{}, "columns": []any{"_uuid"}})
	made, err := c.nb.transact(b...)
	if err != nil {
		return err
	}
	group := made[0]["_uuid"]
	each := z.switches / z.routers
	for r := range z.routers {
		var b batch
		var inside []any
		for i := r * each; i < (r+1)*each; i++ {
			lrp, lsp := b.join(fmt.Sprint("r", r, "-", i), fmt.Sprintf("40:45:00:00:%02x:%02x", i>>8, i&255), z.address(i, -1)+"/28", nil)
			inside = append(inside, lrp)
			ports := []any{lsp}
			for j := range vmsOfSwitch {
				ports = append(ports, b.vm(portName(i, j), fmt.Sprintf("40:44:%02x:00:%02x:%02x", j, i>>8, i&255), z.address(i, j)))
			}
			b.row("Logical_Switch", map[string]any{"name": fmt.Sprint("sw", i), "ports": []any{"set", ports}, "load_balancer_group": group})
		}
		b.row("Logical_Router", map[string]any{"name": fmt.Sprint("r", r), "ports": []any{"set", inside}})
		if _, err := c.nb.transact(b...); err != nil {
			return err
		}
	}
	return nil
}
