package e2e

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
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

// cmdPing is the real ping program. With ! every request must be lost.
func cmdPing(c *call) error {
	count, size, deadline, lost := "1", "", "", "0"
	var six, df bool
	err := c.flags(map[string]*string{"-n": &count, "-s": &size, "-t": &deadline, "-lost": &lost}, map[string]*bool{"-6": &six, "-df": &df})
	if err != nil || len(c.args) != 2 {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	dst, err := c.s.Address(c.args[1], six)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(count)
	allowed, err2 := strconv.Atoi(lost)
	if err != nil || err2 != nil || n < 1 {
		return errUsage
	}
	wait := 2 * time.Second
	if c.neg {
		wait = 500 * time.Millisecond
		n = max(n, 2)
	}
	if deadline != "" {
		if wait, err = duration(deadline); err != nil {
			return err
		}
	}
	args := []string{"ping", "-n", "-c", strconv.Itoa(n), "-i", "0.02", "-W", fmt.Sprintf("%.3f", wait.Seconds())}
	if size != "" {
		args = append(args, "-s", size)
	}
	if df {
		args = append(args, "-M", "do")
	}
	r, _ := c.s.Run(c.ctx, v.Name, "", append(args, dst.String())...) // the counts tell
	fmt.Fprint(c.stdout, r.Stdout)
	fmt.Fprint(c.stderr, r.Stderr)
	sent, got, ok := pingCounts(r.Stdout)
	switch {
	case !ok && strings.Contains(r.Stderr, "unreachable"):
		return unmetf("ping from %s to %s: %s", v.Name, dst, strings.TrimSpace(r.Stderr))
	case !ok:
		return fmt.Errorf("e2e: ping said: %s%s", r.Stdout, r.Stderr)
	case c.neg && got > 0:
		return nil // an answer: do() makes an error of it
	case sent-got > allowed:
		return unmetf("ping from %s to %s: %d of %d lost", v.Name, dst, sent-got, sent)
	}
	return nil
}

// pingCounts reads "5 packets transmitted, 4 received, …".
func pingCounts(out string) (sent, got int, ok bool) {
	for line := range strings.Lines(out) {
		if n, _ := fmt.Sscanf(line, "%d packets transmitted, %d received", &sent, &got); n == 2 {
			return sent, got, true
		}
	}
	return 0, 0, false
}

// cmdPingStart returns when the first answer has come.
func cmdPingStart(c *call) error {
	interval := "5ms"
	var six, nowait bool
	err := c.flags(map[string]*string{"-i": &interval}, map[string]*bool{"-6": &six, "-nowait": &nowait})
	if err != nil || len(c.args) != 3 {
		return errUsage
	}
	every, err := duration(interval)
	if err != nil {
		return err
	}
	name := c.args[0]
	if c.s.pings.m[name] != nil {
		return fmt.Errorf("e2e: ping %q runs already", name)
	}
	v, err := c.s.VM(c.args[1])
	if err != nil {
		return err
	}
	dst, err := c.s.Address(c.args[2], six)
	if err != nil {
		return err
	}
	p, err := newPinger(v.ns, dst, every)
	if err != nil {
		return err
	}
	c.s.pings.m[name] = p
	go p.run()
	if nowait {
		return nil
	}
	if err := p.waitFor(1, 10*time.Second); err != nil {
		return unmet{err}
	}
	return nil
}

func (c *call) pinger() (*pinger, error) {
	if len(c.args) == 0 {
		return nil, errUsage
	}
	p := c.s.pings.m[c.args[0]]
	if p == nil {
		return nil, fmt.Errorf("e2e: there is no ping %q", c.args[0])
	}
	return p, nil
}

// cmdPingWait waits for so many more answers.
func cmdPingWait(c *call) error {
	deadline := "30s"
	if err := c.flags(map[string]*string{"-t": &deadline}, nil); err != nil || len(c.args) != 2 {
		return errUsage
	}
	p, err := c.pinger()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.args[1])
	if err != nil {
		return errUsage
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	if err := p.waitFor(p.count()+n, d); err != nil {
		return unmet{err}
	}
	return nil
}

func cmdPingStop(c *call) error {
	p, err := c.pinger()
	if err != nil {
		return err
	}
	delete(c.s.pings.m, c.args[0])
	r := p.finish(2 * time.Second)
	fmt.Fprintln(c.stdout, r)
	for _, w := range c.args[1:] {
		ok, err := r.holds(w)
		if err != nil {
			return err
		}
		if !ok {
			return unmetf("ping %s: %s does not hold: %s", p.dst, w, r)
		}
	}
	return nil
}

// holds checks "lost=0", "lost<=3", "answered>=100", "gap<=1.5s".
func (r pingResult) holds(cond string) (bool, error) {
	return holds(cond, map[string]float64{"sent": float64(r.Sent), "answered": float64(r.Answered), "lost": float64(r.Lost), "dup": float64(r.Dups), "gap": float64(r.Gap)},
		func(name, value string) (float64, error) {
			if name == "gap" {
				d, err := time.ParseDuration(value)
				return float64(d), err
			}
			return strconv.ParseFloat(value, 64)
		})
}

// holds checks a condition on figures; read understands its right side.
func holds(cond string, figures map[string]float64, read func(name, value string) (float64, error)) (bool, error) {
	for _, op := range []string{"<=", ">=", "="} {
		name, value, ok := strings.Cut(cond, op)
		if !ok {
			continue
		}
		have, found := figures[name]
		want, err := read(name, value)
		if !found || err != nil {
			break
		}
		order := cmp.Compare(have, want)
		return order == 0 || (op == "<=" && order < 0) || (op == ">=" && order > 0), nil
	}
	return false, fmt.Errorf("%w: condition %q", errUsage, cond)
}

func cmdServe(c *call) error {
	if len(c.args) < 3 || !slices.Contains([]string{"tcp", "udp", "echo", "udp-echo"}, c.args[1]) {
		return errUsage
	}
	for _, w := range c.args[2:] {
		port, err := strconv.ParseUint(w, 10, 16)
		if err != nil {
			return errUsage
		}
		if err := c.s.Serve(c.args[0], c.args[1], uint16(port)); err != nil {
			return err
		}
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
	to, err := c.s.target(c.args[2], six)
	if err != nil {
		return err
	}
	for range n {
		line, err := c.s.Probe(c.ctx, c.args[0], c.args[1], to, uint16(src), wait)
		if err != nil {
			return unmet{err}
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
