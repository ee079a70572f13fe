package e2e

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e/traffic"
)

// pings are a sandbox's background pings by name.
type pings struct{ m map[string]*traffic.Pinger }

func (p *pings) close() {
	for name, x := range p.m {
		x.Finish(0)
		delete(p.m, name)
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
	// Without -w, the program waits for the last answers but twice as long as the ones
	// before took, whatever -W says. With it, it goes on until it has n answers: it counts
	// which of the first n requests have one.
	args := []string{"ping", "-n", "-c", strconv.Itoa(n), "-i", "0.02"}
	if c.neg {
		args = append(args, "-W", fmt.Sprintf("%.3f", wait.Seconds()))
	} else {
		args = append(args, "-w", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
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
	if ok && !c.neg {
		sent, got = n, pingAnswered(r.Stdout, n)
	}
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

// pingAnswered is how many of the first n requests have an answer.
func pingAnswered(out string, n int) int {
	answered := map[int]bool{}
	for line := range strings.Lines(out) {
		_, rest, found := strings.Cut(line, " icmp_seq=")
		var seq int
		if _, err := fmt.Sscanf(rest, "%d ttl=", &seq); found && err == nil && seq <= n {
			answered[seq] = true
		}
	}
	return len(answered)
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
	p, err := traffic.NewPinger(v.ns, dst, every)
	if err != nil {
		return err
	}
	c.s.pings.m[name] = p
	go p.Run()
	if nowait {
		return nil
	}
	if err := p.WaitFor(1, 10*time.Second); err != nil {
		return unmet{err}
	}
	return nil
}

func (c *call) pinger() (*traffic.Pinger, error) {
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
	if err := p.WaitFor(p.Count()+n, d); err != nil {
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
	r := p.Finish(2 * time.Second)
	fmt.Fprintln(c.stdout, r)
	for _, w := range c.args[1:] {
		ok, err := pingHolds(r, w)
		if err != nil {
			return err
		}
		if !ok {
			return unmetf("ping %s: %s does not hold: %s", c.args[0], w, r)
		}
	}
	return nil
}

// pingHolds checks "lost=0", "lost<=3", "answered>=100", "gap<=1.5s".
func pingHolds(r traffic.PingResult, cond string) (bool, error) {
	return holds(cond, map[string]float64{"sent": float64(r.Sent), "answered": float64(r.Answered), "lost": float64(r.Lost), "dup": float64(r.Dups), "gap": float64(r.Gap)},
		func(name, value string) (float64, error) {
			if name == "gap" {
				d, err := time.ParseDuration(value)
				return float64(d), err
			}
			return strconv.ParseFloat(value, 64)
		})
}
