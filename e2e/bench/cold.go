package main

import (
	"context"
	"time"
)

// coldStart measures northd from its start, with an empty Southbound database,
// until that holds everything (`--wait=sb`), and the keys that it writes.
func (c *cloud) coldStart(ctx context.Context) (took time.Duration, keys int, err error) {
	start, err := c.s.EmptySouthbound(ctx)
	if err != nil {
		return 0, 0, err
	}
	keys, err = c.written(ctx, func() error {
		t := time.Now()
		if err := start(); err != nil {
			return err
		}
		// weft's northd serves the Northbound itself: its connections are gone.
		if err := c.connect(ctx); err != nil {
			return err
		}
		if err := c.nb.transactWait("sb_cfg"); err != nil {
			return err
		}
		took = time.Since(t)
		return nil
	})
	return took, keys, err
}
