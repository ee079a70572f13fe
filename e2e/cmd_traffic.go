package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e/traffic"
)

func trafficCommands() []command {
	return []command{
		{"ping", "ping VM TARGET [-n COUNT] [-6] [-s SIZE] [-df] [-t DEADLINE] [-lost N]", cmdPing},
		{"ping-start", "ping-start NAME VM TARGET [-6] [-i INTERVAL] [-nowait]", cmdPingStart},
		{"ping-wait", "ping-wait NAME ANSWERS [-t DEADLINE]", cmdPingWait},
		{"ping-stop", "ping-stop NAME [lost=N|lost<=N] [answered>=N] [gap<=DURATION]", cmdPingStop},
		{"serve", "serve VM tcp|udp|echo|udp-echo PORT…", cmdServe},
		{"probe", "probe VM tcp|udp TARGET:PORT [-6] [-n COUNT] [-from PORT] [-t DEADLINE]", cmdProbe},
		{"connect", "connect NAME VM TARGET:PORT [-udp] [-6] [-from PORT] [-t DEADLINE]", cmdConnect},
		{"say", "say NAME [-t DEADLINE]", cmdSay},
		{"hang-up", "hang-up NAME", cmdHangUp},
		{"rate", "rate VM TO [-to TARGET:PORT] [-port PORT] [-offer RATE] [-for DURATION] [-size BYTES] [-6] [rate<=RATE|lost>=N…]", cmdRate},
		{"stream-start", "stream-start NAME VM|PLACE:INTERFACE FIELD=VALUE…", cmdStreamStart},
		{"stream-stop", "stream-stop NAME COUNT", cmdStreamStop},
	}
}

func cmdServe(c *call) error {
	if len(c.args) < 3 || !slices.Contains([]string{"tcp", "udp", "echo", "udp-echo"}, c.args[1]) {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	for _, w := range c.args[2:] {
		port, err := strconv.ParseUint(w, 10, 16)
		if err != nil {
			return errUsage
		}
		server, err := traffic.Serve(v.ns, v.Name, c.args[1], uint16(port))
		if err != nil {
			return err
		}
		c.s.services = append(c.s.services, server)
	}
	return nil
}

// cmdProbe prints the server's line for each connection: "vm2 sees 10.0.0.1:4711".
func cmdProbe(c *call) error {
	count, from, deadline := "1", "0", ""
	var six bool
	err := c.flags(map[string]*string{"-n": &count, "-from": &from, "-t": &deadline}, map[string]*bool{"-6": &six})
	if err != nil || len(c.args) != 3 || (c.args[1] != "tcp" && c.args[1] != "udp") {
		return errUsage
	}
	wait := 5 * time.Second
	if c.neg {
		wait = 700 * time.Millisecond
	}
	if deadline != "" {
		if wait, err = duration(deadline); err != nil {
			return err
		}
	}
	n, err1 := strconv.Atoi(count)
	src, err2 := strconv.ParseUint(from, 10, 16)
	if err1 != nil || err2 != nil {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	to, err := c.s.target(c.args[2], six)
	if err != nil {
		return err
	}
	for range n {
		line, err := traffic.Probe(c.ctx, v.ns, c.args[1], to, uint16(src), wait)
		if err != nil {
			return unmetf("from %s: %w", v.Name, err)
		}
		fmt.Fprint(c.stdout, line)
	}
	return nil
}

// target reads TARGET:PORT.
func (s *Sandbox) target(text string, six bool) (netip.AddrPort, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return netip.AddrPort{}, errUsage
	}
	port, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil {
		return netip.AddrPort{}, errUsage
	}
	addr, err := s.Address(strings.Trim(text[:i], "[]"), six)
	return netip.AddrPortFrom(addr, uint16(port)), err
}
