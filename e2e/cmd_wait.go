package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

func waitCommands() []command {
	return []command{
		{"sync", "sync", cmdSync},
		{"wait-up", "wait-up PORT…", waitPorts("up=true")},
		{"wait-down", "wait-down PORT…", waitPorts("up!=true")},
		{"until", "until [-t DEADLINE] [-match REGEXP] [!] COMMAND… [; [!] COMMAND…]…", cmdUntil},
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

// cmdUntil repeats a line until it succeeds, and its output fits. Several lines,
// with ; between them, are repeated from the first until all succeed.
func cmdUntil(c *call) error {
	deadline, re := 10*time.Second, (*regexp.Regexp)(nil)
	for len(c.args) > 1 && (c.args[0] == "-t" || c.args[0] == "-match") {
		var err error
		if c.args[0] == "-t" {
			deadline, err = duration(c.args[1])
		} else {
			re, err = regexp.Compile("(?m)" + c.args[1])
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		c.args = c.args[2:]
	}
	lines, err := split(c.args)
	if err != nil {
		return err
	}
	not := false // -match and !: the output does not fit
	if re != nil && lines[0][0] == "!" {
		if len(lines) > 1 {
			return fmt.Errorf("%w: -match and ! with several lines", errUsage)
		}
		not, lines[0] = true, lines[0][1:]
	}
	var out, errOut bytes.Buffer
	err = poll(deadline, func() error {
		out.Reset()
		errOut.Reset()
		for _, line := range lines {
			if err := c.s.Do(c.ctx, c.dir, &out, &errOut, line...); err != nil {
				return err
			}
		}
		what := strings.Join(lines[len(lines)-1], " ")
		switch {
		case re == nil || re.Match(out.Bytes()) != not:
			return nil
		case not:
			return unmetf("the output of %s fits %q", what, re)
		default:
			return unmetf("the output of %s does not fit %q", what, re)
		}
	})
	_, _ = c.stdout.Write(out.Bytes())
	_, _ = c.stderr.Write(errOut.Bytes())
	return err
}

// split makes lines of words that ; separates. None is empty.
func split(words []string) ([][]string, error) {
	lines := [][]string{nil}
	for _, w := range words {
		if w == ";" {
			lines = append(lines, nil)
			continue
		}
		last := &lines[len(lines)-1]
		*last = append(*last, w)
	}
	for _, l := range lines {
		if len(l) == 0 || len(l) == 1 && l[0] == "!" {
			return nil, errUsage
		}
	}
	return lines, nil
}
