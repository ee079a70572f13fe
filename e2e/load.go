package e2e

import (
	"fmt"
	"os/exec"
)

// busyScript keeps a processor busy for as long as its parent lives.
const busyScript = `while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done`

// Load starts n processes that each keep a processor busy, until rest is
// called or this process ends.
func Load(n int) (rest func(), err error) {
	var all []*exec.Cmd
	rest = func() {
		for _, c := range all {
			_ = c.Process.Kill() // Wait tells
			_ = c.Wait()
		}
	}
	for range n {
		c := exec.Command("sh", "-c", busyScript)
		if err := c.Start(); err != nil {
			rest()
			return nil, fmt.Errorf("e2e: load: %w", err)
		}
		all = append(all, c)
	}
	return rest, nil
}
