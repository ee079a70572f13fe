package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"time"
)

func waitCommands() []command {
	return []command{
		{"sync", "sync", cmdSync},
		{"wait-up", "wait-up PORT…", waitPorts("up=true")},
		{"wait-down", "wait-down PORT…", waitPorts("up!=true")},
		{"until", "until [-t DEADLINE] [-match REGEXP] [!] COMMAND…", cmdUntil},
	}
}

func cmdSync(c *call) error {
	if err := c.program("", []string{"ovn-nbctl", "--timeout=30", "--wait=hv", "sync"}); err != nil {
		return err
	}
	return c.s.settle()
}

// settle has the switches that run forget what their datapaths have cached. A
// barrier says that the OpenFlow tables are changed; Open vSwitch looks through
// the flows that it made of them for the datapath a moment later, in threads of
// its own, and until then packets go the old ways. While there is traffic in the
// background they are left alone: how it gets from the old to the new is what is
// looked at.
func (s *Sandbox) settle() error {
	if len(s.streams)+len(s.pings.m) > 0 {
		return nil
	}
	for _, h := range s.hvs {
		if !s.running(h.Name + "/vswitchd") {
			continue
		}
		if err := h.purge(); err != nil {
			return err
		}
	}
	return nil
}

// purge asks several times where flows are left: a thread that looks at one
// keeps it. Others are new.
func (h *Hypervisor) purge() error {
	for range 5 {
		if _, err := h.s.toolAt(h.ns, h.dir, "ovs-appctl", "--timeout=10", "revalidator/purge"); err != nil {
			return err
		}
		if left, err := h.s.toolAt(h.ns, h.dir, "ovs-appctl", "--timeout=10", "dpctl/dump-flows"); err != nil || left == "" {
			return err
		}
	}
	return nil
}

// waitPorts has the server tell when a column has the value.
func waitPorts(cond string) func(*call) error {
	return func(c *call) error {
		if len(c.args) == 0 {
			return errUsage
		}
		for _, port := range c.args {
			if err := c.program("", []string{"ovn-nbctl", "--timeout=30", "wait-until", "Logical_Switch_Port", port, cond}); err != nil {
				return err
			}
		}
		return nil
	}
}

// pollInterval is used only where nothing announces the change.
const pollInterval = 25 * time.Millisecond

// poll tries until it succeeds, fails for another reason than that the
// expectation is not met, or the deadline has passed. It tries at least once.
func poll(deadline time.Duration, try func() error) error {
	end := time.NewTimer(deadline)
	defer end.Stop()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try()
		var u unmet
		if err == nil || !errors.As(err, &u) {
			return err
		}
		select {
		case <-end.C:
			if deadline > 0 {
				return unmetf("still so after %v: %w", deadline, err)
			}
			return err
		case <-tick.C:
		}
	}
}

// cmdUntil repeats a command until it succeeds, and its output fits.
func cmdUntil(c *call) error {
	deadline, re := 10*time.Second, (*regexp.Regexp)(nil)
	neg := false
loop:
	for len(c.args) > 1 {
		var err error
		switch c.args[0] {
		case "-t":
			deadline, err = duration(c.args[1])
			c.args = c.args[2:]
		case "-match":
			re, err = regexp.Compile("(?m)" + c.args[1])
			c.args = c.args[2:]
		case "!":
			neg, c.args = true, c.args[1:]
		default:
			break loop
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
	}
	if len(c.args) == 0 {
		return errUsage
	}
	var out, errOut bytes.Buffer
	err := poll(deadline, func() error {
		out.Reset()
		errOut.Reset()
		x := &call{s: c.s, ctx: c.ctx, dir: c.dir, neg: neg && re == nil, args: append([]string(nil), c.args[1:]...), stdout: &out, stderr: &errOut}
		if err := x.do(c.args[0]); err != nil {
			return err
		}
		switch {
		case re == nil || re.Match(out.Bytes()) != neg:
			return nil
		case neg:
			return unmetf("the output of %s fits %q", c.args[0], re)
		default:
			return unmetf("the output of %s does not fit %q", c.args[0], re)
		}
	})
	_, _ = c.stdout.Write(out.Bytes())
	_, _ = c.stderr.Write(errOut.Bytes())
	return err
}
