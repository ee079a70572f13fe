package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

func programCommands() []command {
	return []command{
		{"run-start", "run-start [-until REGEXP] [-t DEADLINE] NAME PLACE PROGRAM [ARG]…", cmdRunStart},
		{"run-wait", "run-wait NAME [-t DEADLINE]", cmdRunWait},
		{"run-stop", "run-stop NAME", cmdRunStop},
	}
}

// background is a program that runs while a scenario goes on.
type background struct {
	proc *Process
	done chan struct{} // closed when it and its children have ended
	err  error         // how it ended; read after done

	mu             sync.Mutex
	stdout, stderr bytes.Buffer
}

// programOutput collects what a program says on one of its two outputs.
type programOutput struct {
	b  *background
	to *bytes.Buffer
}

func (o programOutput) Write(p []byte) (int, error) {
	o.b.mu.Lock()
	defer o.b.mu.Unlock()
	return o.to.Write(p)
}

// background starts a program at a place. Its children end with it.
func (s *Sandbox) background(name, place, dir string, args ...string) (*background, error) {
	ns, run, err := s.place(place)
	if err != nil {
		return nil, err
	}
	cmd := netns.Command(context.Background(), ns, s.env(run), args...)
	b := &background{proc: &Process{Name: name, gone: make(chan struct{})}, done: make(chan struct{})}
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = programOutput{b, &b.stdout}, programOutput{b, &b.stderr}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // a child that left the group and keeps the output open
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("e2e: %s: %w", args[0], err)
	}
	if err := b.proc.open(cmd.Process.Pid, nil); err != nil {
		return nil, err
	}
	go func() {
		<-b.proc.gone
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // the number is ours until Wait
		b.err = cmd.Wait()
		close(b.done)
	}()
	return b, nil
}

// end has the program end, and waits for it.
func (b *background) end(sig unix.Signal) error {
	err := b.proc.end(sig, stopTimeout)
	<-b.done
	return err
}

// said is what it has said so far.
func (b *background) said() (stdout, stderr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stdout.String(), b.stderr.String()
}

// tell prints what it has said.
func (b *background) tell(c *call) {
	stdout, stderr := b.said()
	fmt.Fprint(c.stdout, stdout)
	fmt.Fprint(c.stderr, stderr)
}

func (b *background) ended() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

// cmdRunStart returns at once, or when the program has said what it is to say.
func cmdRunStart(c *call) error {
	deadline, re := 10*time.Second, (*regexp.Regexp)(nil)
	for len(c.args) > 1 && strings.HasPrefix(c.args[0], "-") { // not flags(): those behind are the program's
		var err error
		switch c.args[0] {
		case "-until":
			re, err = regexp.Compile("(?m)" + c.args[1])
		case "-t":
			deadline, err = duration(c.args[1])
		default:
			err = errUsage
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		c.args = c.args[2:]
	}
	if len(c.args) < 3 {
		return errUsage
	}
	name := c.args[0]
	if c.s.programs[name] != nil {
		return fmt.Errorf("e2e: program %q was started already", name)
	}
	b, err := c.s.background(name, c.args[1], c.dir, c.args[2:]...)
	if err != nil {
		return err
	}
	c.s.programs[name] = b
	if re == nil {
		return nil
	}
	return poll(deadline, func() error {
		over := b.ended()
		stdout, stderr := b.said()
		switch {
		case re.MatchString(stdout) || re.MatchString(stderr):
			return nil
		case over:
			return fmt.Errorf("e2e: program %s has ended without saying %q: %v\n%s%s", name, re, b.err, stdout, stderr)
		default:
			return unmetf("program %s has not said %q but\n%s%s", name, re, stdout, stderr)
		}
	})
}

// started is the program that a line names.
func (c *call) started() (*background, error) {
	if len(c.args) != 1 {
		return nil, errUsage
	}
	b := c.s.programs[c.args[0]]
	if b == nil {
		return nil, fmt.Errorf("e2e: no program %q was started", c.args[0])
	}
	return b, nil
}

// cmdRunWait waits for the end; the exit status is the outcome.
func cmdRunWait(c *call) error {
	within := "60s"
	if err := c.flags(map[string]*string{"-t": &within}, nil); err != nil {
		return err
	}
	d, err := duration(within)
	if err != nil {
		return err
	}
	b, err := c.started()
	if err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-b.done:
	case <-timer.C:
		b.tell(c)
		return fmt.Errorf("e2e: program %s has not ended within %v", c.args[0], d)
	}
	delete(c.s.programs, c.args[0])
	b.tell(c)
	var status *exec.ExitError
	if errors.As(b.err, &status) {
		return unmetf("%s: %w", c.args[0], b.err)
	}
	return b.err
}

// cmdRunStop ends it, whether it has ended or not.
func cmdRunStop(c *call) error {
	b, err := c.started()
	if err != nil {
		return err
	}
	delete(c.s.programs, c.args[0])
	err = b.end(unix.SIGTERM)
	b.tell(c)
	return err
}
