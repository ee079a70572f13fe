package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Figures of the agent of hv1 (chassisd, ovn-controller) in two clouds, in
// which it has about 1,000 flows and about 100,000 (the notes say how many):
//
//   - own, to-barrier: what a port costs it, which is on its chassis, as the
//     agent itself measures it: from the arrival of the change from etcd until
//     the agent has handed on the flows (its own part), and until the switch's
//     barrier; of 15 ports the median. ovn-controller tells no such times.
//     Ports are added with their interfaces, of which ovs-vswitchd then has work
//     to do on all of its ports; and ports that are there get another address;
//   - to-hv: the same ports as a client sees them, on both sides: from the
//     northbound transaction until the flows are in both switches (hv_cfg),
//     with everything between;
//   - cpu: the processor time that the agent uses for such a port, on both
//     sides: from its interface on until all is quiet; the mean;
//   - its memory after that by the flows in the switch: what is its own, and
//     the resident set, in which the program lies too;
//   - a restart: the time from its end (SIGTERM) to `--wait=hv` and the same
//     number of flows as before, and the flows that it then added and deleted.
//     Those chassisd counts; of ovn-controller, which deletes all with one
//     message, it is the flows of the switch that are new.
//
// Both have as many ports on hv1, so that flows are what differs: the work of
// ovs-vswitchd for a port that is added grows with the ports of its bridge. Nine
// of ten of the 100,000 flows are of lists of addresses that may talk to a port
// of hv1. In a third cloud each flow is of a logical flow of its own,
// which is what takes the most memory; there ovn-northd and its server need
// minutes where the machine is busy, and chassisd alone is measured.
var (
	thousand        = agentCloud{"1000-flows", size{40, 20}, 0}
	hundredThousand = agentCloud{"100000-flows", size{400, 20}, 4_800}
	manyLogical     = agentCloud{"100000-lflows", size{6_900, 345}, 0}
)

// agentCloud is a cloud, and how many addresses may talk to a port of hv1 on
// each switch.
type agentCloud struct {
	name string
	size
	allowed int
}

// agentIPs are the addresses of each port: they make flows.
const agentIPs = 12

func (z agentCloud) own() string           { return "agent-port-own-" + z.name }
func (z agentCloud) barrier() string       { return "agent-port-to-barrier-" + z.name }
func (z agentCloud) hv() string            { return "agent-port-to-hv-" + z.name }
func (z agentCloud) cpu() string           { return "agent-port-cpu-" + z.name }
func (z agentCloud) changeOwn() string     { return "agent-change-own-" + z.name }
func (z agentCloud) changeBarrier() string { return "agent-change-to-barrier-" + z.name }
func (z agentCloud) changeHV() string      { return "agent-change-to-hv-" + z.name }
func (z agentCloud) memory() string        { return "agent-memory-per-flow-" + z.name }
func (z agentCloud) resident() string      { return "agent-resident-per-flow-" + z.name }
func (z agentCloud) restart() string       { return "agent-restart-" + z.name }
func (z agentCloud) mods() string          { return "agent-restart-" + z.name + "-mods" }

// A port's change must not cost more where there are more flows.
var agentGrowths = []growth{
	{"agent-port-own-growth", thousand.own(), hundredThousand.own(), 1.5},
	{"agent-port-to-barrier-growth", thousand.barrier(), hundredThousand.barrier(), 1.5},
	{"agent-change-to-barrier-growth", thousand.changeBarrier(), hundredThousand.changeBarrier(), 1.5},
}

// agentScenes measure the agents.
func agentScenes() (all []scene) {
	const untold = "ovn-controller does not tell the time of one change; to-hv and cpu are measured from outside"
	const slow = "100,000 logical flows take OVN minutes; it is measured with the same number of flows of fewer"
	limit, memory := goal{limit: &figure{3e-3, "s"}}, goal{limit: &figure{600, "B"}}
	of := func(z agentCloud, figures ...spec) scene {
		return scene{ports: z.ports, ips: agentIPs, figures: figures, measure: func(c *cloud, ctx context.Context) error { return c.measureAgent(ctx, z) }}
	}
	ports := func(z agentCloud) []spec {
		return []spec{{z.own(), limit, untold}, {z.barrier(), limit, untold}, {name: z.hv(), goal: goal{ratio: 1}}, {name: z.cpu(), goal: goal{ratio: 1}},
			{z.changeOwn(), limit, untold}, {z.changeBarrier(), limit, untold}, {name: z.changeHV(), goal: goal{ratio: 1}}}
	}
	z := hundredThousand
	return []scene{
		of(thousand, ports(thousand)...),
		of(z, append(ports(z), spec{name: z.memory(), goal: memory}, spec{name: z.resident(), goal: goal{ratio: 1}},
			spec{name: z.restart(), goal: goal{ratio: 1}}, spec{name: z.mods(), goal: goal{limit: &figure{0, "mods"}}})...),
		of(manyLogical, spec{manyLogical.memory(), memory, slow}, spec{manyLogical.resident(), goal{}, slow}),
	}
}

const hv1Agent = "hv1/chassisd"

// measureAgent measures the agent of hv1.
func (c *cloud) measureAgent(ctx context.Context, z agentCloud) error {
	start := time.Now()
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	c.note("compiled in %v", time.Since(start).Round(time.Millisecond))
	if err := c.readAll(ctx); err != nil {
		return err
	}
	start = time.Now()
	if err := c.allow(z.allowed); err != nil {
		return err
	}
	if err := c.occupy(ctx, z.local); err != nil {
		return err
	}
	c.note("%d of them on each hypervisor, flows installed in %v", z.local, time.Since(start).Round(time.Millisecond))
	if err := c.changes(ctx, z); err != nil {
		return err
	}
	flows, err := c.flows(ctx)
	if err != nil {
		return err
	}
	own, resident, err := c.restMemory(ctx, hv1Agent)
	if err != nil {
		return err
	}
	c.note("agent with %d flows: %d MB of its own, %d MB resident", flows, own>>20, resident>>20)
	c.give(z.memory(), &figure{float64(own) / float64(flows), "B"})
	c.give(z.resident(), &figure{float64(resident) / float64(flows), "B"})
	if !c.want(z.restart(), z.mods()) {
		return nil
	}
	return c.restart(ctx, z, flows)
}

// restMemory returns a daemon's own memory once that stays as it is, and its
// resident set then: each of them may have something to put away. chassisd does
// that once in ten seconds at most.
func (c *cloud) restMemory(ctx context.Context, daemon string) (own, resident int64, err error) {
	const calm, tries = 24, 90
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last int64
	for same, try := 0, 0; same < calm && try <= tries; try++ {
		if try > 0 {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return 0, 0, ctx.Err()
			}
		}
		if own, err = c.s.OwnMemory(daemon); err != nil {
			return 0, 0, err
		}
		if diff := own - last; max(diff, -diff) > own/100 {
			last, same = own, 0
		} else {
			same++
		}
	}
	resident, err = c.s.Memory(daemon)
	return own, resident, err
}

// allow lets so many addresses talk to the first port of each switch, which is
// on hv1.
func (c *cloud) allow(addresses int) error {
	if addresses == 0 {
		return nil
	}
	for i := range c.switches {
		list := fmt.Sprintf("list%d", i)
		match := fmt.Sprintf("outport == %q && ip4.src == $%s", portName(i, 0), list)
		if _, err := c.nb.transact(addressSet(list, i*addresses, addresses), insertACL("acl", "to-lport", match, "allow"),
			insert("Logical_Switch", fmt.Sprintf("sw%d", i), "acls", []any{"named-uuid", "acl"})); err != nil {
			return err
		}
	}
	return nil
}

// changes adds ports and changes others, and measures what each of them costs.
func (c *cloud) changes(ctx context.Context, z agentCloud) error {
	added, err := c.cost(ctx, "port added", func() (time.Duration, error) { return c.addPort(ctx) })
	if err != nil {
		return err
	}
	c.give(z.hv(), added.hv)
	c.give(z.cpu(), added.cpu)
	c.give(z.own(), added.own)
	c.give(z.barrier(), added.barrier)
	changed, err := c.cost(ctx, "port changed", c.changePort)
	if err != nil {
		return err
	}
	c.give(z.changeHV(), changed.hv)
	c.give(z.changeOwn(), changed.own)
	c.give(z.changeBarrier(), changed.barrier)
	return nil
}

// changeCost is what a change costs; what nobody tells is nil.
type changeCost struct{ hv, cpu, own, barrier *figure }

// cost measures changes of flows, one after the other.
func (c *cloud) cost(ctx context.Context, what string, change func() (time.Duration, error)) (k changeCost, err error) {
	var own, barrier []time.Duration
	var cpu mean
	k.hv, err = c.median(ctx, repeats, what, func() (time.Duration, error) {
		before, err := c.agent(ctx)
		if err != nil {
			return 0, err
		}
		used, took, err := c.agentCPU(change)
		if err != nil {
			return 0, err
		}
		cpu.add(used)
		after, err := c.agent(ctx)
		if err != nil || !after.known {
			return took, err
		}
		if after.changes == before.changes {
			return 0, fmt.Errorf("%s, and the agent changed no flow", what)
		}
		own = append(own, after.computed-before.computed)
		barrier = append(barrier, after.took-before.took)
		return took, nil
	})
	if err != nil {
		return k, err
	}
	k.cpu = seconds(cpu.value())
	if len(own) > 0 {
		slices.Sort(own)
		slices.Sort(barrier)
		k.own, k.barrier = seconds(own[len(own)/2]), seconds(barrier[len(barrier)/2])
	}
	return k, nil
}

// restart measures a restart of the agent, which has that many flows.
func (c *cloud) restart(ctx context.Context, z agentCloud, flows int) error {
	start := time.Now()
	if err := c.do(ctx, "restart", "chassisd", "hv1"); err != nil {
		return err
	}
	if err := c.nb.transactWait("hv_cfg"); err != nil {
		return err
	}
	hv := time.Since(start)
	took, err := c.awaitFlows(ctx, start, flows)
	if err != nil {
		return err
	}
	c.note("restarted: --wait=hv after %v, %d flows after %v", hv.Round(time.Millisecond), flows, took.Round(time.Millisecond))
	c.give(z.restart(), seconds(took))
	again, err := c.agent(ctx)
	if err != nil {
		return err
	}
	mods := again.adds + again.deletes
	if !again.known {
		if mods, err = c.newFlows(ctx, start); err != nil {
			return err
		}
	}
	c.give(z.mods(), &figure{float64(mods), "mods"})
	return nil
}

// awaitFlows waits until the switch of hv1 has that many flows, and returns
// the time since start.
func (c *cloud) awaitFlows(ctx context.Context, start time.Time, want int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, gathering)
	defer cancel()
	every := 20 * time.Millisecond
	if want > 10_000 {
		every = 100 * time.Millisecond // so that the switch does not spend its time on counting
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		took := time.Since(start)
		n, err := c.flows(ctx)
		if err != nil || n >= want {
			return took, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("%d of %d flows are there: %w", n, want, ctx.Err())
		}
	}
}

// newFlows counts the flows of hv1 that are no older than start.
func (c *cloud) newFlows(ctx context.Context, start time.Time) (n int, err error) {
	r, err := c.s.Run(ctx, "hv1", "", "ovs-ofctl", "-O", "OpenFlow15", "dump-flows", "br-int")
	age := time.Since(start).Seconds()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, r.Stderr)
	}
	for l := range strings.Lines(r.Stdout) {
		_, after, ok := strings.Cut(l, "duration=")
		if !ok {
			continue
		}
		value, _, _ := strings.Cut(after, "s,")
		d, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("ovs-ofctl said: %s", l)
		}
		if d <= age {
			n++
		}
	}
	return n, nil
}

// agentCPU does something and returns the processor time that the agent of hv1
// used meanwhile, beside what was measured.
func (c *cloud) agentCPU(do func() (time.Duration, error)) (used, took time.Duration, err error) {
	before, err := c.s.CPU(hv1Agent)
	if err != nil {
		return 0, 0, err
	}
	if took, err = do(); err != nil {
		return 0, 0, err
	}
	after, err := c.s.CPU(hv1Agent)
	return after - before, took, err
}

// flows is the number of flows in the switch of hv1.
func (c *cloud) flows(ctx context.Context) (n int, err error) {
	r, err := c.s.Run(ctx, "hv1", "", "ovs-ofctl", "-O", "OpenFlow15", "dump-aggregate", "br-int")
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, r.Stderr)
	}
	m := regexp.MustCompile(`flow_count=(\d+)`).FindStringSubmatch(r.Stdout)
	if m == nil {
		return 0, fmt.Errorf("ovs-ofctl said: %s", r.Stdout)
	}
	return strconv.Atoi(m[1])
}

// agentFigures are what the status of weft's agent tells; known is false for
// another's agent.
type agentFigures struct {
	known                  bool
	changes, adds, deletes int
	computed, took         time.Duration
}

// agent asks the agent of hv1.
func (c *cloud) agent(ctx context.Context) (f agentFigures, err error) {
	if c.s.Backend.Name() != "weft" {
		return f, nil
	}
	// The exit status tells of problems, which are not the question.
	r, runErr := c.s.Run(ctx, "hv1", "", "weftctl", "status", "--json", "--target", "unix:"+c.s.Dir+"/hv1/chassisd.sock")
	var status struct {
		Parts []struct {
			Name   string
			Values []struct{ Name, Value string }
		}
	}
	if err := json.Unmarshal([]byte(r.Stdout), &status); err != nil {
		return f, errors.Join(runErr, err)
	}
	for _, p := range status.Parts {
		if p.Name != "switch" {
			continue
		}
		for _, v := range p.Values {
			switch v.Name {
			case "changes":
				f.changes, err = strconv.Atoi(v.Value)
			case "adds":
				f.adds, err = strconv.Atoi(v.Value)
			case "deletes":
				f.deletes, err = strconv.Atoi(v.Value)
			case "computed":
				f.computed, err = time.ParseDuration(v.Value)
			case "took":
				f.took, err = time.ParseDuration(v.Value)
				f.known = true
			}
			if err != nil {
				return f, fmt.Errorf("the agent's status: %s=%s: %w", v.Name, v.Value, err)
			}
		}
	}
	return f, nil
}
