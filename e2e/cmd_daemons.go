package e2e

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"time"

	"golang.org/x/sys/unix"
)

func daemonCommands() []command {
	each := func(f func(*daemon) error) func(*call) error {
		return func(c *call) error {
			if len(c.args) == 0 || len(c.args) > 2 {
				return errUsage
			}
			d, err := c.s.daemon(c.args...)
			if err != nil {
				return err
			}
			return f(d)
		}
	}
	return []command{
		{"crash", "crash DAEMON [HV]", each(func(d *daemon) error { return d.halt(unix.SIGKILL) })},
		{"halt", "halt DAEMON [HV]", each(func(d *daemon) error { return d.halt(unix.SIGTERM) })},
		{"start", "start DAEMON [HV]", each((*daemon).up)},
		{"restart", "restart DAEMON [HV]", each(func(d *daemon) error {
			if err := d.halt(unix.SIGTERM); err != nil {
				return err
			}
			return d.up()
		})},
		{"freeze", "freeze DAEMON [HV]", each(func(d *daemon) error { d.frozen = true; return d.proc.freeze() })},
		{"thaw", "thaw DAEMON [HV]", each(func(d *daemon) error { d.frozen = false; d.proc.signal(unix.SIGCONT); return nil })},
		{"standby", "standby", cmdStandby},
		{"log", "log DAEMON [HV] REGEXP [-wait DEADLINE]", cmdLog},
	}
}

// cmdLog looks for a line in all that a daemon said since the scenario began.
func cmdLog(c *call) error {
	wait := ""
	if err := c.flags(map[string]*string{"-wait": &wait}, nil); err != nil || len(c.args) < 2 || len(c.args) > 3 {
		return errUsage
	}
	d, err := c.s.daemon(c.args[:len(c.args)-1]...)
	if err != nil {
		return err
	}
	re, err := regexp.Compile("(?m)" + c.args[len(c.args)-1])
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	deadline := time.Duration(0)
	if wait != "" {
		if deadline, err = duration(wait); err != nil {
			return err
		}
	}
	if d.proc == nil {
		return fmt.Errorf("e2e: %s never ran", d.name)
	}
	return poll(deadline, func() error {
		b, err := os.ReadFile(d.proc.Log)
		if err != nil {
			return fmt.Errorf("e2e: %s: %w", d.name, err)
		}
		m := re.FindIndex(b)
		if m == nil {
			return unmetf("the log of %s has no %q", d.name, re)
		}
		from := bytes.LastIndexByte(b[:m[0]], '\n') + 1
		to := m[1]
		if i := bytes.IndexByte(b[to:], '\n'); i >= 0 {
			to += i
		}
		fmt.Fprintf(c.stdout, "%s\n", b[from:to])
		return nil
	})
}
