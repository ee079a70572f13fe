package e2e

import (
	"fmt"
	"strconv"

	"github.com/weft-sdn/weft/e2e/traffic"
)

func cmdConnect(c *call) error {
	deadline, from, network := "2s", "0", "tcp"
	var six, udp bool
	if err := c.flags(map[string]*string{"-t": &deadline, "-from": &from}, map[string]*bool{"-6": &six, "-udp": &udp}); err != nil || len(c.args) != 3 {
		return errUsage
	}
	if udp {
		network = "udp"
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return errUsage
	}
	to, err := c.s.target(c.args[2], six)
	if err != nil {
		return err
	}
	if c.s.sessions[c.args[0]] != nil {
		return fmt.Errorf("e2e: session %q is open already", c.args[0])
	}
	v, err := c.s.VM(c.args[1])
	if err != nil {
		return err
	}
	x, err := traffic.Connect(v.ns, network, uint16(port), to, d)
	if err != nil {
		return unmetf("%s: %w", v.Name, err)
	}
	c.s.sessions[c.args[0]] = x
	return nil
}

func cmdSay(c *call) error {
	deadline := "2s"
	if c.neg {
		deadline = "700ms"
	}
	if err := c.flags(map[string]*string{"-t": &deadline}, nil); err != nil || len(c.args) != 1 {
		return errUsage
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	x := c.s.sessions[c.args[0]]
	if x == nil {
		return fmt.Errorf("e2e: there is no session %q", c.args[0])
	}
	if err := x.Say(d); err != nil {
		return unmetf("session %s: %w", c.args[0], err)
	}
	return nil
}

func cmdHangUp(c *call) error {
	if len(c.args) != 1 || c.s.sessions[c.args[0]] == nil {
		return errUsage
	}
	c.s.sessions[c.args[0]].Close()
	delete(c.s.sessions, c.args[0])
	return nil
}

func cmdStreamStart(c *call) error {
	if len(c.args) < 3 {
		return errUsage
	}
	name := c.args[0]
	if c.s.streams[name] != nil {
		return fmt.Errorf("e2e: stream %q runs already", name)
	}
	data, err := c.s.frame(c.args[1], c.args[2:])
	if err != nil {
		return err
	}
	ns, dev, err := c.s.endpoint(c.args[1])
	if err != nil {
		return err
	}
	x, err := traffic.OpenStream(ns, dev, data)
	if err != nil {
		return err
	}
	c.s.streams[name] = x
	return nil
}

// cmdStreamStop wants at least so many frames to have been sent.
func cmdStreamStop(c *call) error {
	if len(c.args) != 2 || c.s.streams[c.args[0]] == nil {
		return errUsage
	}
	least, err := strconv.ParseUint(c.args[1], 10, 64)
	if err != nil {
		return errUsage
	}
	n := c.s.streams[c.args[0]].Stop()
	delete(c.s.streams, c.args[0])
	fmt.Fprintf(c.stdout, "sent=%d\n", n)
	if n < least {
		return unmetf("stream %s: %d frames were sent, not %d", c.args[0], n, least)
	}
	return nil
}
