package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// call is one line of a scenario.
type call struct {
	s              *Sandbox
	ctx            context.Context
	dir            string // the script's current directory
	neg            bool   // the line begins with !
	args           []string
	stdout, stderr io.Writer
}

// command is what a scenario line may begin with.
type command struct {
	name, usage string
	run         func(*call) error
}

// unmet is the error of a command that ran as it should and found that the
// world is not as the line says. `!` turns it round; any other error fails the
// script either way, so that `! ping` of a VM that does not exist does not pass.
type unmet struct{ error }

func unmetf(format string, args ...any) error { return unmet{fmt.Errorf(format, args...)} }

// errUsage is a line that makes no sense.
var errUsage = errors.New("the line makes no sense")

// commands are all but the names of places (hv1, vm1, fab), which run programs there.
func commands() []command {
	return slices.Concat(topologyCommands(), toolCommands(), trafficCommands(), packetCommands(), serviceCommands(), programCommands(), daemonCommands(), waitCommands())
}

// do runs a line. It is where `!` is understood.
func (c *call) do(name string) error {
	run, usage := c.lookup(name)
	if run == nil {
		return fmt.Errorf("e2e: unknown command %q", name)
	}
	err := run(c)
	var u unmet
	switch {
	case errors.Is(err, errUsage):
		return fmt.Errorf("%w\nusage: %s", err, usage)
	case !c.neg:
		return err
	case err == nil:
		return unmetf("succeeded, but ! says that it must not")
	case errors.As(err, &u):
		fmt.Fprintln(c.stderr, err)
		return nil
	default:
		return err
	}
}

func (c *call) lookup(name string) (func(*call) error, string) {
	for _, x := range commands() {
		if x.name == name {
			return x.run, x.usage
		}
	}
	if _, _, err := c.s.place(name); err == nil {
		return func(c *call) error { return c.program(name, c.args) }, name + " PROGRAM [ARG]…"
	}
	return nil, ""
}

// program runs a program at a place; its exit status is the outcome.
func (c *call) program(place string, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	cmd, cancel, err := c.s.Command(c.ctx, place, args...)
	if err != nil {
		return err
	}
	defer cancel()
	cmd.Dir = c.dir
	cmd.Stdout, cmd.Stderr = c.stdout, c.stderr
	err = cmd.Run()
	switch {
	case err == nil:
		return nil
	case cmd.ProcessState != nil && (cmd.ProcessState.ExitCode() > 0 || timedOut(cmd.ProcessState)):
		return unmetf("%s: %w", args[0], err)
	default:
		return fmt.Errorf("e2e: %s: %w (no end within %v?)", args[0], err, toolTimeout)
	}
}

// timedOut tells whether a stock tool ended itself because of its --timeout.
func timedOut(p *os.ProcessState) bool {
	ws, ok := p.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == syscall.SIGALRM
}

// flags takes `-name value` and `-name` words out of the arguments.
func (c *call) flags(values map[string]*string, bools map[string]*bool) error {
	var rest []string
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		if p, ok := values[a]; ok {
			if i++; i == len(c.args) {
				return errUsage
			}
			*p = c.args[i]
		} else if p, ok := bools[a]; ok {
			*p = true
		} else {
			rest = append(rest, a)
		}
	}
	c.args = rest
	return nil
}

// duration reads a flag's value.
func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%w: %q is not a duration", errUsage, s)
	}
	return d, nil
}

// scriptState is what a running script carries along.
type scriptState struct {
	s     *Sandbox
	watch logWatch
	ctx   context.Context // ends when the script has taken too long
	limit time.Duration
}

// scenarioLimit ends a scenario that makes no progress, long before the time
// limit of the test process would end all others with it.
const scenarioLimit = 5 * time.Minute

// newScript gives a script its sandbox and its time; stop ends the latter.
func newScript(c Config, limit time.Duration) (st *scriptState, stop func(), err error) {
	s, err := New(c)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background()) // no deadline, which tools would take for their own
	timer := time.AfterFunc(limit, cancel)
	return &scriptState{s: s, ctx: ctx, limit: limit}, func() { timer.Stop(); cancel() }, nil
}

// line runs a line. After every line the daemons are looked at.
func (st *scriptState) line(name string, c *call) error {
	c.s, c.ctx = st.s, st.ctx
	err := c.do(name)
	if st.ctx.Err() != nil {
		err = errors.Join(fmt.Errorf("e2e: the scenario has taken longer than %v", st.limit), err)
	}
	return errors.Join(err, st.s.dead(), st.watch.look(st.s))
}

type scriptKey struct{}

// RunScripts runs the scenario files each in a sandbox of its own.
func RunScripts(t *testing.T, c Config, files []string) {
	cmds := map[string]func(*testscript.TestScript, bool, []string){}
	for _, x := range commands() {
		cmds[x.name] = lineOf(x.name)
	}
	testscript.Run(t, testscript.Params{
		Files:         files,
		Cmds:          cmds,
		Setup:         func(e *testscript.Env) error { return setup(c, e) },
		Condition:     condition(c),
		UpdateScripts: os.Getenv("UPDATE") == "1",
	})
}

// condition lets a line begin with [weft] or [ovn].
func condition(c Config) func(string) (bool, error) {
	return func(cond string) (bool, error) {
		switch cond {
		case "weft", "ovn":
			return c.Backend.Name() == cond, nil
		}
		return false, fmt.Errorf("unknown condition %q", cond)
	}
}

// setup makes the script's sandbox, and sees to its end.
func setup(c Config, e *testscript.Env) error {
	st, stop, err := newScript(c, cmp.Or(c.Limit, scenarioLimit))
	if err != nil {
		return err
	}
	s := st.s
	e.Values[scriptKey{}] = st
	for _, kv := range s.env(s.Dir) {
		name, value, _ := strings.Cut(kv, "=")
		e.Setenv(name, value)
	}
	e.Setenv("SANDBOX", s.Dir)
	tb := e.T().(testing.TB)
	e.Defer(func() {
		stop()
		if tb.Failed() {
			tb.Log("state when it failed:\n" + s.State())
		}
		// Also what they say last is heard.
		if err := errors.Join(s.stop(), st.watch.look(s), s.Close()); err != nil {
			tb.Errorf("take-down: %v", err)
		}
	})
	return nil
}

// lineOf makes a scenario command of one of ours.
func lineOf(name string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		st := ts.Value(scriptKey{}).(*scriptState)
		err := st.line(name, &call{dir: ts.MkAbs("."), neg: neg, args: args, stdout: ts.Stdout(), stderr: ts.Stderr()})
		for place := range places(st.s) {
			ts.SetCmd(place, lineOf(place))
		}
		if err != nil {
			ts.Fatalf("%v", err)
		}
	}
}

// places yields the names of hypervisors, VMs and the fabric.
func places(s *Sandbox) func(func(string) bool) {
	return func(yield func(string) bool) {
		if !yield("fab") {
			return
		}
		for _, h := range s.hvs {
			if !yield(h.Name) {
				return
			}
		}
		for name := range s.vms {
			if !yield(name) {
				return
			}
		}
	}
}

// logWatch reads what daemons say, each line once.
type logWatch struct{ offset map[string]int64 }

// alarm is what a daemon must never say: an incremental result that differs
// from the full one (with WEFT_CHECK=1), a crash, a data race, two flows that
// contradict each other; and of a switch that a packet has come round too often, as it may six times with Open vSwitch 3.1: it is
// dropped (coverage counter datapath_drop_recirc_error).
var alarm = regexp.MustCompile(`(?m)^.*(incremental differs from full|^panic:|^fatal error:|WARNING: DATA RACE|goroutine \d+ \[running\]|Max recirculation depth exceeded|what="?contested: ).*$`)

func (w *logWatch) look(s *Sandbox) error {
	if w.offset == nil {
		w.offset = map[string]int64{}
	}
	for _, name := range s.daemonNames() {
		d := s.daemons.m[name]
		if d.proc == nil {
			continue
		}
		f, err := os.Open(d.proc.Log)
		if err != nil {
			continue // it has not said anything yet
		}
		b, err := io.ReadAll(io.NewSectionReader(f, w.offset[d.proc.Log], 1<<40))
		f.Close()
		if err != nil {
			return fmt.Errorf("e2e: log of %s: %w", name, err)
		}
		end := strings.LastIndexByte(string(b), '\n') + 1
		w.offset[d.proc.Log] += int64(end)
		if m := alarm.FindIndex(b[:end]); m != nil {
			return fmt.Errorf("e2e: %s says:\n%s", name, b[m[0]:min(end, m[0]+8000)])
		}
	}
	return nil
}

// Do runs one scenario line outside of a script, in directory dir.
func (s *Sandbox) Do(ctx context.Context, dir string, stdout, stderr io.Writer, line ...string) error {
	c := &call{s: s, ctx: ctx, dir: dir, stdout: stdout, stderr: stderr}
	if len(line) > 0 && line[0] == "!" {
		c.neg, line = true, line[1:]
	}
	if len(line) == 0 {
		return errUsage
	}
	c.args = line[1:]
	return c.do(line[0])
}

// Places are the names of hypervisors, VMs and the fabric ("fab"), where
// programs can be run.
func (s *Sandbox) Places() []string { return slices.Sorted(places(s)) }

// Usages lists the scenario commands.
func Usages() []string {
	var all []string
	for _, x := range commands() {
		all = append(all, x.usage)
	}
	return all
}
