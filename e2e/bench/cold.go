package main

import (
	"context"
	"time"
)

// coldStart measures northd from its start, with an empty Southbound database,
// until that holds everything (`--wait=sb`).
func (c *cloud) coldStart(ctx context.Context) (time.Duration, error) {
	start, err := c.s.EmptySouthbound(ctx)
	if err != nil {
		return 0, err
	}
	t := time.Now()
	if err := start(); err != nil {
		return 0, err
	}
	// weft's northd serves the Northbound itself: its connections are gone.
	if err := c.connect(ctx); err != nil {
		return 0, err
	}
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return 0, err
	}
	return time.Since(t), nil
}
