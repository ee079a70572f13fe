package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// size is a cloud: ports (20 on a switch), and how many of them are on each of
// the two hypervisors.
type size struct{ ports, local int }

// few and many differ in nothing but the number of logical ports, full also in
// that each hypervisor has a port of every switch.
var few, many, full = size{100, 50}, size{10_000, 50}, size{10_000, 500}

func coldName(ports int) string { return fmt.Sprintf("northd-cold-start-%d-ports", ports) }

// What there is once northd has compiled: logical flows, what is in etcd, and
// northd's memory.
func lflowsName(ports int) string { return fmt.Sprintf("logical-flows-%d-ports", ports) }
func keysName(ports int) string   { return fmt.Sprintf("etcd-keys-per-port-%d-ports", ports) }
func bytesName(ports int) string  { return fmt.Sprintf("etcd-bytes-per-port-%d-ports", ports) }
func memoryName(ports int) string { return fmt.Sprintf("northd-memory-per-port-%d-ports", ports) }

func addName(z size) string {
	return fmt.Sprintf("port-add-to-flows-%d-ports-%d-local", z.ports, z.local)
}

// What a port costs must not depend on the number of ports.
var northdGrowths = []growth{{"port-add-growth", addName(few), addName(many), 1.5}}

// northdScenes measure northd, and what a port costs from end to end.
func northdScenes() (all []scene) {
	for _, sizes := range [][]size{{few}, {many, full}} {
		cold, gain, half := coldName(sizes[0].ports), 0.0, 0.0
		if sizes[0] == many {
			gain, half = 0.4, 0.5
		}
		s := scene{ports: sizes[0].ports, ips: 1, figures: []spec{
			{name: cold, goal: goal{ratio: 1, base: gain}}, {name: cold + "-keys", alone: noKeys},
			{name: lflowsName(sizes[0].ports), goal: goal{ratio: 1}},
			{name: keysName(sizes[0].ports), goal: goal{base: half}, alone: noKeys}, {name: bytesName(sizes[0].ports), goal: goal{base: half}, alone: noKeys},
			{name: memoryName(sizes[0].ports), goal: goal{base: half}}}}
		for _, z := range sizes {
			gain := 0.0
			if z == few {
				gain = 0.7
			}
			s.figures = append(s.figures, spec{name: addName(z), goal: goal{ratio: 1, base: gain}}, spec{name: addName(z) + "-keys", alone: noKeys})
		}
		s.measure = func(c *cloud, ctx context.Context) error { return c.northd(ctx, sizes) }
		all = append(all, s)
	}
	return all
}

// northd gives the cold start of northd, and for each size the median time of
// a port, with the keys that are written for them.
func (c *cloud) northd(ctx context.Context, sizes []size) error {
	start := time.Now()
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	c.note("compiled in %v", time.Since(start).Round(time.Millisecond))
	if name := coldName(sizes[0].ports); c.want(name, name+"-keys") {
		took, keys, err := c.coldStart(ctx)
		if err != nil {
			return err
		}
		c.give(name, seconds(took))
		c.giveKeys(name+"-keys", keys)
	}
	if err := c.holds(ctx, sizes[0].ports); err != nil {
		return err
	}
	for _, z := range sizes {
		if !c.want(addName(z), addName(z)+"-keys") {
			continue
		}
		start = time.Now()
		if err := c.occupy(ctx, z.local); err != nil {
			return err
		}
		c.note("%d of them on each hypervisor, flows installed in %v", z.local, time.Since(start).Round(time.Millisecond))
		c.keys = nil
		took, err := c.median(ctx, repeats, "port added", func() (time.Duration, error) { return c.addPort(ctx) })
		if err != nil {
			return err
		}
		c.give(addName(z), took)
		c.giveKeys(addName(z)+"-keys", c.keys...)
	}
	return nil
}

// holds gives how many logical flows there are, and what northd, and of OVN its
// databases too, have for a port: keys and bytes in etcd, and memory that is no
// file's.
func (c *cloud) holds(ctx context.Context, ports int) error {
	if c.want(lflowsName(ports)) {
		list, err := c.s.Run(ctx, "", "", "ovn-sbctl", "--bare", "--columns=_uuid", "list", "Logical_Flow")
		if err != nil {
			return err
		}
		c.give(lflowsName(ports), &figure{float64(len(strings.Fields(list.Stdout))), "flows"})
	}
	if c.want(keysName(ports), bytesName(ports)) && c.s.Backend.Name() == "weft" {
		keys, bytes, err := c.held(ctx)
		if err != nil {
			return err
		}
		c.give(keysName(ports), &figure{float64(keys) / float64(ports), "keys"})
		c.give(bytesName(ports), &figure{float64(bytes) / float64(ports), "B"})
	}
	if !c.want(memoryName(ports)) {
		return nil
	}
	var all int64
	for _, name := range servers[c.s.Backend.Name()] {
		own, _, err := c.restMemory(ctx, name)
		if err != nil {
			return err
		}
		all += own
	}
	c.give(memoryName(ports), &figure{float64(all) / float64(ports), "B"})
	return nil
}
