package main

import (
	"context"
	"fmt"
	"time"
)

// failoverName is the figure of a leader that is killed.
func failoverName(ports int) string { return fmt.Sprintf("failover-%d-ports", ports) }

// failoverScenes measure what clients see of a leader that is killed while a
// standby is there.
func failoverScenes() (scenes []scene) {
	for _, x := range []struct {
		ports int
		limit float64 // s, of which the lease takes 3
	}{{many.ports, 4.5}, {50_000, 6}} {
		scenes = append(scenes, scene{ports: x.ports, ips: 1, measure: (*cloud).failover, figures: []spec{{
			name: failoverName(x.ports), goal: goal{limit: &figure{x.limit, "s"}},
			alone: "its databases would be clusters of three servers, another thing altogether",
		}}})
	}
	return scenes
}

// attempt bounds one try of a client to write.
const attempt = time.Second

// failover kills the leader when a standby has nothing left to do, and gives the
// time until a client that knows both has written.
func (c *cloud) failover(ctx context.Context) error {
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	if err := c.s.AddStandby(false); err != nil {
		return err
	}
	for _, name := range []string{"northd2", "northd"} {
		if err := c.s.Quiet(ctx, name); err != nil {
			return err
		}
	}
	start := time.Now()
	if err := c.do(ctx, "crash", "northd"); err != nil {
		return err
	}
	for tries := 1; ; tries++ {
		for _, sock := range []string{"nb", "nb2"} {
			err := c.write(ctx, c.s.Dir+"/"+sock+".sock")
			if err == nil {
				c.note("written at the %dth try", tries)
				c.give(failoverName(c.switches*portsPerSwitch), seconds(time.Since(start)))
				return nil
			}
			if ctx.Err() != nil {
				return fmt.Errorf("bench: nobody took a write: %w (%w)", ctx.Err(), err)
			}
		}
		time.Sleep(time.Millisecond) // between tries of a server that refuses at once
	}
}

// write inserts a row over a connection of its own.
func (c *cloud) write(ctx context.Context, sock string) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	m, err := dial(ctx, sock)
	if err != nil {
		return err
	}
	defer m.conn.Close()
	_, err = m.transact(op{"op": "insert", "table": "Address_Set", "row": map[string]any{"name": "failover"}})
	return err
}
