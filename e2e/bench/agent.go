package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

// Figures of the agent of hv1 in two clouds, in which it has about 1,000 flows
// and about 100,000 (the notes say how many):
//
//   - what a port costs it, which is on its chassis, as the agent itself
//     measures it: from the arrival of the change from etcd until the agent has
//     handed on the flows (its own part), and until the switch's barrier; of 15
//     ports the median;
//   - its memory: the resident set after that, by the flows in the switch;
//   - a restart: the time from its end to `--wait=hv`, and the flows that it
//     then added and deleted.
//
// The peer's agent is measured from outside: memory, and the restart's time.
var thousand, hundredThousand = size{40, 20}, size{6_000, 300}

// agentIPs are the addresses of each port: they make flows.
const agentIPs = 12

const (
	agentGrowthName  = "agent-port-own-growth"
	agentMemoryName  = "agent-memory-per-flow-100000-flows"
	agentRestartName = "agent-restart-100000-flows"
	agentModsName    = "agent-restart-100000-flows-mods"
)

func agentOwnName(z size) string     { return "agent-port-own-" + z.flows() }
func agentBarrierName(z size) string { return "agent-port-to-barrier-" + z.flows() }

func (z size) flows() string {
	if z == thousand {
		return "1000-flows"
	}
	return "100000-flows"
}

// agents measures the agents of both systems.
func agents(ctx context.Context, only *regexp.Regexp, which []string, show func(string)) error {
	want := func(names ...string) bool { return slices.ContainsFunc(names, only.MatchString) }
	var sizes []size
	if want(agentOwnName(thousand), agentBarrierName(thousand), agentGrowthName) {
		sizes = append(sizes, thousand)
	}
	if want(agentOwnName(hundredThousand), agentBarrierName(hundredThousand), agentGrowthName, agentMemoryName, agentRestartName, agentModsName) {
		sizes = append(sizes, hundredThousand)
	}
	if len(sizes) == 0 {
		return nil
	}
	if why := e2e.Missing(e2e.Weft{}); why != "" {
		fmt.Printf("bench: no measurements of agents: %s\n", why)
		return nil
	}
	sides, err := sidesOf(which)
	if err != nil {
		return err
	}
	got := results{}
	var errs []error
	for _, z := range sizes {
		for i, x := range sides {
			if x.backend == nil || i == 1 && z == thousand {
				continue
			}
			if err := measureAgent(ctx, x, z, func(name string, f *figure) { got.set(name, i, f) }); err != nil {
				errs = append(errs, fmt.Errorf("%s, agent with %d ports: %w", x.backend.Name(), z.local, err))
			}
		}
	}
	few, many := got[agentOwnName(thousand)][0], got[agentOwnName(hundredThousand)][0]
	got.set(agentGrowthName, 0, growth(few, many))
	for _, g := range []struct {
		name string
		goal goal
	}{
		{agentOwnName(thousand), goal{limit: &figure{3e-3, "s"}}},
		{agentOwnName(hundredThousand), goal{limit: &figure{3e-3, "s"}}},
		{agentBarrierName(thousand), goal{}},
		{agentBarrierName(hundredThousand), goal{limit: &figure{3e-3, "s"}}},
		{agentGrowthName, goal{limit: &figure{1.5, "x"}}},
		{agentMemoryName, goal{limit: &figure{600, "B"}}},
		{agentRestartName, goal{ratio: 1}},
		{agentModsName, goal{limit: &figure{0, "mods"}}},
	} {
		if want(g.name) {
			show(line(g.name, got[g.name][0], got[g.name][1], g.goal))
		}
	}
	return errors.Join(errs...)
}

// measureAgent fills a cloud and measures the agent of hv1.
func measureAgent(ctx context.Context, x side, z size, give func(string, *figure)) (err error) {
	c, err := newCloud(x.backend, x.bin, z.ports, agentIPs)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, closed(c.s))
		} else {
			err = c.s.Close()
		}
	}()
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	if err := c.occupy(ctx, z.local); err != nil {
		return err
	}
	if err := c.changes(ctx, z, give); err != nil {
		return err
	}
	flows, err := c.flows(ctx)
	if err != nil {
		return err
	}
	memory, err := c.s.Memory("hv1/chassisd")
	if err != nil {
		return err
	}
	fmt.Printf("# %s, agent with %d flows: %d MB\n", x.backend.Name(), flows, memory>>20)
	if z != hundredThousand {
		return nil
	}
	give(agentMemoryName, &figure{float64(memory) / float64(flows), "B"})
	start := time.Now()
	if err := c.s.Do(ctx, c.s.Dir, io.Discard, io.Discard, "restart", "chassisd", "hv1"); err != nil {
		return err
	}
	if err := c.nb.transactWait("hv_cfg"); err != nil {
		return err
	}
	give(agentRestartName, seconds(time.Since(start)))
	again, err := c.agent(ctx)
	if err == nil && again.known {
		give(agentModsName, &figure{float64(again.adds + again.deletes), "mods"})
	}
	return err
}

// changes adds ports and asks the agent what each of them cost it.
func (c *cloud) changes(ctx context.Context, z size, give func(string, *figure)) error {
	var own, barrier []time.Duration
	for range repeats {
		before, err := c.agent(ctx)
		if err != nil || !before.known {
			return err
		}
		if _, err := c.addPort(ctx); err != nil {
			return err
		}
		after, err := c.agent(ctx)
		if err != nil {
			return err
		}
		if after.changes == before.changes {
			return errors.New("a port was added and the agent changed no flow")
		}
		own = append(own, after.computed-before.computed)
		barrier = append(barrier, after.took-before.took)
	}
	slices.Sort(own)
	slices.Sort(barrier)
	give(agentOwnName(z), seconds(own[len(own)/2]))
	give(agentBarrierName(z), seconds(barrier[len(barrier)/2]))
	return nil
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
