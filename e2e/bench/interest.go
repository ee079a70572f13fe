package main

import (
	"context"
	"time"
)

// Figures of an agent that has one port in a cloud of 10,000 on 500 switches,
// where all others are bound to 20 other chassis, of which there are but the
// rows: with the default, and with ovn-monitor-all=true.
//
//   - the flows in its switch;
//   - its memory: the resident set after a start;
//   - that start: after kill -9, with a switch from which all flows were
//     deleted, until the switch has as many as before.
const (
	interestPorts   = 10_000
	interestChassis = portsPerSwitch
	interestFlows   = "agent-interest-flows"
)

func interestScenes() []scene {
	figures := []spec{{name: interestFlows, goal: goal{ratio: 1, base: 1}}}
	for _, mode := range []string{"", "-all"} {
		figures = append(figures, spec{name: "agent-interest-memory" + mode, goal: goal{ratio: 1, base: 1}},
			spec{name: "agent-interest-start" + mode, goal: goal{ratio: 1}})
	}
	return []scene{{ports: interestPorts, ips: 1, figures: figures, measure: (*cloud).interest}}
}

func (c *cloud) interest(ctx context.Context) error {
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	if err := c.s.AddHypervisors(1); err != nil {
		return err
	}
	own := portName(0, 0)
	if err := c.attach(ctx, "hv1", []string{own}); err != nil {
		return err
	}
	if err := c.awaitUp(ctx, 1); err != nil {
		return err
	}
	start := time.Now()
	if err := c.s.BindElsewhere(ctx, interestChassis, own); err != nil {
		return err
	}
	if err := c.awaitUp(ctx, interestPorts); err != nil {
		return err
	}
	// Nothing is left to be installed.
	if err := c.nb.transactWait("hv_cfg"); err != nil {
		return err
	}
	flows, err := c.flows(ctx)
	if err != nil {
		return err
	}
	c.give(interestFlows, &figure{float64(flows), "flows"})
	c.note("all but one bound elsewhere in %v; %d flows in the switch", time.Since(start).Round(time.Millisecond), flows)
	for _, mode := range []string{"", "-all"} {
		if mode != "" {
			if err := c.monitorAll(ctx, "hv1"); err != nil {
				return err
			}
		}
		took, err := c.median(ctx, 5, "agent started"+mode, func() (time.Duration, error) { return c.startAgent(ctx, flows) })
		if err != nil {
			return err
		}
		own, resident, err := c.restMemory(ctx, hv1Agent)
		if err != nil {
			return err
		}
		c.note("agent%s: %.1f MB of its own, %.1f MB resident", mode, float64(own)/1e6, float64(resident)/1e6)
		c.give("agent-interest-start"+mode, took)
		c.give("agent-interest-memory"+mode, &figure{float64(resident) / 1e6, "MB"})
	}
	return nil
}

// startAgent kills the agent of hv1, empties its switch and starts it; it
// returns the time until that many flows are there. All has settled when it
// returns.
func (c *cloud) startAgent(ctx context.Context, flows int) (time.Duration, error) {
	if err := c.do(ctx, "crash", "chassisd", "hv1"); err != nil {
		return 0, err
	}
	if err := c.do(ctx, "hv1", "ovs-ofctl", "-O", "OpenFlow15", "del-flows", "br-int"); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := c.do(ctx, "start", "chassisd", "hv1"); err != nil {
		return 0, err
	}
	took, err := c.awaitFlows(ctx, start, flows)
	if err != nil {
		return 0, err
	}
	return took, c.nb.transactWait("hv_cfg")
}
