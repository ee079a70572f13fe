package main

import (
	"context"
	"fmt"
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
		all = append(all, scene{0, 1, figures, func(c *cloud, ctx context.Context) error { return c.routers(ctx, z) }})
	}
	return all
}

// routers measures a cloud with routers.
func (c *cloud) routers(ctx context.Context, z routerCloud) error {
	if err := c.fillRouters(ctx, z); err != nil {
		return err
	}
	start := time.Now()
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	c.note("%s: compiled in %v", z.name, time.Since(start).Round(time.Millisecond))
	if c.want(z.cold()) {
		took, _, err := c.coldStart(ctx)
		if err != nil {
			return err
		}
		c.give(z.cold(), seconds(took))
	}
	if !c.want(z.add(), z.flows(), z.memory()) {
		return nil
	}
	if err := c.s.AddHypervisors(1); err != nil {
		return err
	}
	var vms []string
	for b := range min(10, z.routers/perBlock) {
		vms = append(vms, portName(b*perBlock, 0))
	}
	start = time.Now()
	if err := c.attach(ctx, "hv1", vms); err != nil {
		return err
	}
	for _, vm := range vms {
		if err := c.do(ctx, "ovn-nbctl", "wait-until", "Logical_Switch_Port", vm, "up=true"); err != nil {
			return err
		}
	}
	if err := c.nb.transactWait("hv_cfg"); err != nil {
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
	c.note("%s: installed in %v; agent with %d flows: %.1f MB of its own, %.1f MB resident", z.name, time.Since(start).Round(time.Millisecond), flows, float64(own)/1e6, float64(resident)/1e6)
	c.give(z.flows(), &figure{float64(flows), "flows"})
	c.give(z.memory(), &figure{float64(own) / 1e6, "MB"})
	if !c.want(z.add()) {
		return nil
	}
	var parts waits
	took, err := c.median(ctx, repeats, "route added", func() (time.Duration, error) { return c.addRoute(&parts) })
	if err != nil {
		return err
	}
	c.note("of a route, medians: %s", &parts)
	c.give(z.add(), took)
	return nil
}

// addRoute gives the first router a route, and returns the time until that is in the
// switch.
func (c *cloud) addRoute(parts *waits) (time.Duration, error) {
	c.added++
	ops := []op{
		{"op": "insert", "table": "Logical_Router_Static_Route", "uuid-name": "new", "row": map[string]any{
			"ip_prefix": fmt.Sprintf("172.16.%d.0/24", c.added), "nexthop": "10.0.0.1"}},
		insert("Logical_Router", "r0", "static_routes", []any{"named-uuid", "new"}),
	}
	took, err := c.nb.timed(parts, ops...)
	if err != nil {
		return 0, err
	}
	return took, c.nb.transactWait("hv_cfg")
}

// fillRouters writes the blocks, one a transaction. OVN's northd stands still
// meanwhile, as for fill.
func (c *cloud) fillRouters(ctx context.Context, z routerCloud) (err error) {
	if c.s.Backend.Name() == "ovn" {
		if err := c.do(ctx, "halt", "northd"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = c.do(ctx, "start", "northd")
			}
		}()
	}
	for b := range z.routers / perBlock {
		if _, err := c.nb.transact(block(b)...); err != nil {
			return err
		}
	}
	for first := 0; first < z.routes; first += 500 {
		var ops []op
		var refs []any
		for i := first; i < min(first+500, z.routes); i++ {
			id := fmt.Sprintf("s%d", i)
			refs = append(refs, []any{"named-uuid", id})
			ops = append(ops, route(id, fmt.Sprintf("20.%d.%d.0/24", i>>8, i&255), fmt.Sprintf("10.0.%d.1", i%perBlock)))
		}
		if _, err := c.nb.transact(append(ops, insert("Logical_Router", "r0", "static_routes", refs...))...); err != nil {
			return err
		}
	}
	return nil
}

func route(id, prefix, hop string) op {
	return op{"op": "insert", "table": "Logical_Router_Static_Route", "uuid-name": id, "row": map[string]any{"ip_prefix": prefix, "nexthop": hop}}
}

// block is the transaction that makes one: switch i has network 10.b.i.0/24, VM .1
// on it, and router j has .254-j there.
func block(b int) (ops []op) {
	ports := make([][]any, perBlock) // of the switches
	row := func(table, id string, columns map[string]any) []any {
		ops = append(ops, op{"op": "insert", "table": table, "uuid-name": id, "row": columns})
		return []any{"named-uuid", id}
	}
	for i := range perBlock {
		sw := b*perBlock + i
		mac := fmt.Sprintf("40:44:00:%02x:%02x:01", sw>>8, sw&255)
		ports[i] = append(ports[i], row("Logical_Switch_Port", fmt.Sprintf("vm%d", i), map[string]any{
			"name": portName(sw, 0), "addresses": fmt.Sprintf("%s 10.%d.%d.1", mac, b, i), "port_security": mac}))
	}
	for j := range perBlock {
		router := fmt.Sprintf("r%d", b*perBlock+j)
		var lrps, routes []any
		for i := range perBlock {
			lrp := fmt.Sprintf("%s-sw%d", router, b*perBlock+i)
			mac := fmt.Sprintf("40:45:%02x:%02x:%02x:%02x", b>>8, b&255, i, j)
			lrps = append(lrps, row("Logical_Router_Port", fmt.Sprintf("lrp%d_%d", j, i), map[string]any{
				"name": lrp, "mac": mac, "networks": fmt.Sprintf("10.%d.%d.%d/24", b, i, 254-j)}))
			ports[i] = append(ports[i], row("Logical_Switch_Port", fmt.Sprintf("lsp%d_%d", j, i), map[string]any{
				"name": "to-" + lrp, "type": "router", "addresses": "router", "options": []any{"map", []any{[]any{"router-port", lrp}}}}))
			id := fmt.Sprintf("route%d_%d", j, i)
			ops = append(ops, route(id, fmt.Sprintf("192.168.%d.0/24", i), fmt.Sprintf("10.%d.%d.1", b, i)))
			routes = append(routes, []any{"named-uuid", id})
		}
		row("Logical_Router", fmt.Sprintf("router%d", j), map[string]any{"name": router, "ports": []any{"set", lrps}, "static_routes": []any{"set", routes}})
	}
	for i := range perBlock {
		row("Logical_Switch", fmt.Sprintf("switch%d", i), map[string]any{"name": fmt.Sprintf("sw%d", b*perBlock+i), "ports": []any{"set", ports[i]}})
	}
	return ops
}
