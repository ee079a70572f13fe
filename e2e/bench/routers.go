package main

import (
	"context"
	"fmt"
	"maps"
	"time"
)

// Figures of clouds with routers: in blocks of ten switches and ten routers, each
// router with a port on all of the block's switches and ten routes; on each switch
// one VM. hv1 has a VM of each of ten blocks, and so has to do with a hundred
// routers.
//
//   - cold-start: northd from its start, with an empty Southbound database, until
//     that holds everything;
//   - route-add: a route of a router that hv1 has to do with, from the transaction
//     until it is in the switch; of 15 the median. It must not depend on the number of
//     routers, nor on that of routes;
//   - agent-flows, agent-memory: what hv1's agent has put into the switch, and the
//     memory that it holds by then (its own, without the program's file).
type routerCloud struct {
	name            string
	routers, routes int // routes: more, of the first router
}

const perBlock = 10

var (
	fewRouters  = routerCloud{"100-routers", 100, 0}
	manyRouters = routerCloud{"1000-routers", 1_000, 0}
	manyRoutes  = routerCloud{"10000-routes", 100, 10_000}
)

func (z routerCloud) cold() string   { return "router-cold-start-" + z.name }
func (z routerCloud) add() string    { return "route-add-to-flows-" + z.name }
func (z routerCloud) flows() string  { return "router-agent-flows-" + z.name }
func (z routerCloud) memory() string { return "router-agent-memory-" + z.name }

var routerGrowths = []growth{
	{"route-add-growth-routers", fewRouters.add(), manyRouters.add(), 1.5},
	{"route-add-growth-routes", fewRouters.add(), manyRoutes.add(), 1.5},
}

func routerScenes() (all []scene) {
	add := goal{ratio: 0.1, limit: &figure{15e-3, "s"}}
	for _, z := range []routerCloud{fewRouters, manyRouters, manyRoutes} {
		figures := []spec{{name: z.add(), goal: add}}
		if z != fewRouters {
			figures = append(figures, spec{name: z.cold(), goal: goal{ratio: 0.33}})
		}
		if z == manyRouters {
			figures = append(figures, spec{name: z.flows(), goal: goal{ratio: 0.25}}, spec{name: z.memory(), goal: goal{ratio: 0.25}})
		}
		var vms []string
		for b := range min(10, z.routers/perBlock) {
			vms = append(vms, portName(b*perBlock, 0))
		}
		all = append(all, routed{name: z.name, cold: z.cold(), flows: z.flows(), memory: z.memory(), add: z.add(), vms: vms, write: z.write, change: (*cloud).addRoute}.scene(figures))
	}
	return all
}

// routed is a cloud with routers and what is measured in it.
type routed struct {
	name                     string
	cold, flows, memory, add string   // names of figures, those that the scene has of them
	bytes, switchMemory, cpu string   // likewise: see lbCloud
	vms, later               []string // of hv1: first, and when flows and memory are measured
	write                    func(*cloud) error
	// change makes one of the changes that the figure add is of, and returns what it
	// took.
	change func(*cloud, *waits) (time.Duration, error)
	// flap makes one of those that the figure cpu is of.
	flap func(*cloud) error
}

func (r routed) scene(figures []spec) scene {
	return scene{figures: figures, measure: func(c *cloud, ctx context.Context) error { return c.routed(ctx, r) }}
}

// routed measures a cloud with routers.
func (c *cloud) routed(ctx context.Context, r routed) error {
	if err := c.unheard(ctx, func() error { return r.write(c) }); err != nil {
		return err
	}
	start := time.Now()
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	c.note("%s: compiled in %v", r.name, time.Since(start).Round(time.Millisecond))
	if c.want(r.cold) {
		took, _, err := c.coldStart(ctx)
		if err != nil {
			return err
		}
		c.give(r.cold, seconds(took))
	}
	if c.want(r.bytes) {
		bytes, err := c.southbound(ctx)
		if err != nil {
			return err
		}
		c.give(r.bytes, &figure{float64(bytes) / 1e6, "MB"})
	}
	if !c.want(r.add, r.flows, r.memory, r.switchMemory, r.cpu) {
		return nil
	}
	if err := c.s.AddHypervisors(1); err != nil {
		return err
	}
	// The provider network, of clouds that have one.
	if err := c.do(ctx, "hv1", "ovs-vsctl", "add-br", "br-ex"); err != nil {
		return err
	}
	start = time.Now()
	if err := c.plug(ctx, r.vms...); err != nil {
		return err
	}
	c.note("%s: installed in %v", r.name, time.Since(start).Round(time.Millisecond))
	own, resident, err := c.restMemory(ctx, hv1Agent)
	if err != nil {
		return err
	}
	flows, err := c.flows(ctx)
	if err != nil {
		return err
	}
	c.note("%s: agent with %d flows: %.1f MB of its own, %.1f MB resident", r.name, flows, float64(own)/1e6, float64(resident)/1e6)
	c.give(r.flows, &figure{float64(flows), "flows"})
	c.give(r.memory, &figure{float64(own) / 1e6, "MB"})
	if c.want(r.switchMemory) {
		own, _, err := c.restMemory(ctx, "hv1/vswitchd")
		if err != nil {
			return err
		}
		c.give(r.switchMemory, &figure{float64(own) / 1e6, "MB"})
	}
	if !c.want(r.add, r.cpu) {
		return nil
	}
	if err := c.plug(ctx, r.later...); err != nil {
		return err
	}
	if c.want(r.add) {
		var parts waits
		cost, err := c.cost(ctx, r.add, func() (time.Duration, error) { return r.change(c, &parts) })
		if err != nil {
			return err
		}
		c.note("of one, medians: %s; of the agent: until flows are handed on %v, until the switch's barrier %v, processor time %v", &parts, cost.own, cost.barrier, cost.cpu)
		c.give(r.add, cost.hv)
	}
	if c.want(r.cpu) {
		return c.flaps(ctx, r)
	}
	return nil
}

// flaps measures what changes for which nobody waits cost the agent.
func (c *cloud) flaps(ctx context.Context, r routed) error {
	const n, each = 20, 500 * time.Millisecond
	before, err := c.agent(ctx)
	if err != nil {
		return err
	}
	tick := time.NewTicker(each)
	defer tick.Stop()
	used, _, err := c.agentCPU(func() (time.Duration, error) {
		for range n {
			if err := r.flap(c); err != nil {
				return 0, err
			}
			<-tick.C
		}
		return 0, nil
	})
	if err != nil {
		return err
	}
	after, err := c.agent(ctx)
	if err != nil {
		return err
	}
	if made := after.changes - before.changes; after.known && made < n*9/10 {
		return fmt.Errorf("the agent changed flows %d times for %d changes", made, n)
	}
	c.give(r.cpu, seconds(used/n))
	return nil
}

// plug gives hv1 the interfaces of VMs and waits until their flows are in.
func (c *cloud) plug(ctx context.Context, vms ...string) error {
	if len(vms) == 0 {
		return nil
	}
	if err := c.attach(ctx, "hv1", vms); err != nil {
		return err
	}
	for _, vm := range vms {
		if err := c.do(ctx, "ovn-nbctl", "wait-until", "Logical_Switch_Port", vm, "up=true"); err != nil {
			return err
		}
	}
	return c.nb.transactWait("hv_cfg")
}

// addRoute gives the first router a route, and returns the time until that is in the
// switch.
func (c *cloud) addRoute(parts *waits) (time.Duration, error) {
	c.added++
	var b batch
	new := b.route(fmt.Sprintf("172.16.%d.0/24", c.added), "10.0.0.1")
	took, err := c.nb.timed(parts, append(b, insert("Logical_Router", "r0", "static_routes", new))...)
	if err != nil {
		return 0, err
	}
	return took, c.nb.transactWait("hv_cfg")
}

// write makes the blocks, one a transaction, and the routes.
func (z routerCloud) write(c *cloud) error {
	for b := range z.routers / perBlock {
		if _, err := c.nb.transact(block(b)...); err != nil {
			return err
		}
	}
	for first := 0; first < z.routes; first += 500 {
		var b batch
		var refs []any
		for i := first; i < min(first+500, z.routes); i++ {
			refs = append(refs, b.route(fmt.Sprintf("20.%d.%d.0/24", i>>8, i&255), fmt.Sprintf("10.0.%d.1", i%perBlock)))
		}
		if _, err := c.nb.transact(append(b, insert("Logical_Router", "r0", "static_routes", refs...))...); err != nil {
			return err
		}
	}
	return nil
}

// batch is a transaction that is being made.
type batch []op

// row makes a row and returns what it is called within the transaction.
func (b *batch) row(table string, columns map[string]any) []any {
	id := fmt.Sprint("row", len(*b))
	*b = append(*b, op{"op": "insert", "table": table, "uuid-name": id, "row": columns})
	return []any{"named-uuid", id}
}

func (b *batch) route(prefix, hop string) []any {
	return b.row("Logical_Router_Static_Route", map[string]any{"ip_prefix": prefix, "nexthop": hop})
}

// vm makes the port of a VM.
func (b *batch) vm(name, mac, ip string) []any {
	return b.row("Logical_Switch_Port", map[string]any{"name": name, "addresses": mac + " " + ip, "port_security": mac})
}

// join makes a port of a router and that of the switch which it is joined to. More
// columns of the former and options of the latter may be given.
func (b *batch) join(name, mac, network string, columns map[string]any, options ...[]any) (lrp, lsp []any) {
	row := map[string]any{"name": name, "mac": mac, "networks": network}
	maps.Copy(row, columns)
	all := []any{[]any{"router-port", name}}
	for _, o := range options {
		all = append(all, o)
	}
	return b.row("Logical_Router_Port", row), b.row("Logical_Switch_Port", map[string]any{
		"name": "to-" + name, "type": "router", "addresses": "router", "options": []any{"map", all}})
}

// block is the transaction that makes one: switch i has network 10.b.i.0/24, VM .1
// on it, and router j has .254-j there.
func block(b int) (ops batch) {
	ports := make([][]any, perBlock) // of the switches
	for i := range perBlock {
		sw := b*perBlock + i
		ports[i] = append(ports[i], ops.vm(portName(sw, 0), fmt.Sprintf("40:44:00:%02x:%02x:01", sw>>8, sw&255), fmt.Sprintf("10.%d.%d.1", b, i)))
	}
	for j := range perBlock {
		router := fmt.Sprintf("r%d", b*perBlock+j)
		var lrps, routes []any
		for i := range perBlock {
			lrp, lsp := ops.join(fmt.Sprintf("%s-sw%d", router, b*perBlock+i), fmt.Sprintf("40:45:%02x:%02x:%02x:%02x", b>>8, b&255, i, j),
				fmt.Sprintf("10.%d.%d.%d/24", b, i, 254-j), nil)
			lrps, ports[i] = append(lrps, lrp), append(ports[i], lsp)
			routes = append(routes, ops.route(fmt.Sprintf("192.168.%d.0/24", i), fmt.Sprintf("10.%d.%d.1", b, i)))
		}
		ops.row("Logical_Router", map[string]any{"name": router, "ports": []any{"set", lrps}, "static_routes": []any{"set", routes}})
	}
	for i := range perBlock {
		ops.row("Logical_Switch", map[string]any{"name": fmt.Sprintf("sw%d", b*perBlock+i), "ports": []any{"set", ports[i]}})
	}
	return ops
}
