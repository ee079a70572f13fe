package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Process is one daemon of a sandbox. It is held by a pidfd: a signal can
// never reach another process that got the same number.
type Process struct {
	Name string // "northd", "hv1/chassisd"
	Log  string // file that holds what it says
	pid  int
	gone chan struct{} // closed when it has ended
	how  string        // how it ended, where known; read after gone

	mu sync.Mutex
	fd int // pidfd; -1 when closed
}

// readyTimeout is how long a daemon may take to say that it is ready. It is
// long because machines that run tests are busy; nobody waits without need.
const readyTimeout = 30 * time.Second

// startDaemon runs a program of ours in a namespace until it is ready, which
// it says as systemd's services do (sd_notify).
func (s *Sandbox) startDaemon(name, ns string, env []string, args ...string) (*Process, error) {
	id := strings.ReplaceAll(name, "/", "-")
	sock := filepath.Join(s.Dir, "notify-"+id)
	os.Remove(sock)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: sock, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("e2e: %s: %w", name, err)
	}
	defer conn.Close()
	defer os.Remove(sock)
	p, err := s.launchDaemon(name, ns, append(env, "NOTIFY_SOCKET="+sock), args...)
	if err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil || strings.Contains("\n"+string(buf[:n])+"\n", "\nREADY=1\n") {
				return
			}
		}
	}()
	timer := time.NewTimer(readyTimeout)
	defer timer.Stop()
	select {
	case <-ready:
		return p, nil
	case <-p.gone:
		return nil, fmt.Errorf("e2e: %s ended before it was ready: %s\n%s", name, p.how, tail(p.Log, 20))
	case <-timer.C:
		p.signal(unix.SIGKILL)
		return nil, fmt.Errorf("e2e: %s is not ready after %v\n%s", name, readyTimeout, tail(p.Log, 40))
	}
}

// launchDaemon runs a program of ours in a namespace.
func (s *Sandbox) launchDaemon(name, ns string, env []string, args ...string) (*Process, error) {
	logFile := filepath.Join(s.Dir, "log-"+strings.ReplaceAll(name, "/", "-"))
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("e2e: %s: %w", name, err)
	}
	defer log.Close()
	cmd := netns.Command(context.Background(), ns, env, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at the terminal is for us to handle
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("e2e: %s: %w", name, err)
	}
	p := &Process{Name: name, Log: logFile, gone: make(chan struct{})}
	return p, p.open(cmd.Process.Pid, cmd)
}

// startDetached runs a daemon of Open vSwitch or OVN, which detaches itself
// when it is ready. Its pidfile tells its number.
func (s *Sandbox) startDetached(name, ns string, env []string, pidfile, log string, args ...string) (*Process, error) {
	args = append(args, "--pidfile="+pidfile, "--log-file="+log, "--no-chdir", "--detach", "-vconsole:off")
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	if out, err := netns.Command(ctx, ns, env, args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("e2e: %s: %w: %s\n%s", name, err, out, tail(log, 20))
	}
	b, err := os.ReadFile(pidfile)
	if err != nil {
		return nil, fmt.Errorf("e2e: %s: %w", name, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("e2e: %s: %s: %w", name, pidfile, err)
	}
	p := &Process{Name: name, Log: log, gone: make(chan struct{})}
	return p, p.open(pid, nil)
}

// open takes hold of a process and watches for its end.
func (p *Process) open(pid int, child *exec.Cmd) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("e2e: %s: process %d: %w", p.Name, pid, err)
	}
	p.pid, p.fd = pid, fd
	go func() {
		defer close(p.gone)
		// Also for a child: a zombie that nobody has reaped yet is dead.
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if !errors.Is(err, unix.EINTR) {
				break
			}
		}
		p.mu.Lock()
		unix.Close(fd)
		p.fd = -1
		p.mu.Unlock()
		p.how = "ended"
		if child != nil {
			_ = child.Wait()
			p.how = child.ProcessState.String()
		}
	}()
	return nil
}

// Alive tells whether the process still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

func (p *Process) signal(sig unix.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd >= 0 {
		_ = unix.PidfdSendSignal(p.fd, sig, nil, 0) // it may just have ended
	}
}

// freeze stops the process and waits until all of its threads stand still: on
// a busy machine they go on for a while.
func (p *Process) freeze() error {
	p.signal(unix.SIGSTOP)
	deadline := time.Now().Add(readyTimeout)
	for p.Alive() {
		still, err := allStopped(p.pid)
		if still || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("e2e: %s does not stop", p.Name)
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("e2e: %s has ended", p.Name)
}

// allStopped tells whether every thread of a process is stopped: proc(5).
func allStopped(pid int) (bool, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(threads) == 0 {
		return false, fmt.Errorf("e2e: process %d has no threads: %w", pid, err)
	}
	for _, t := range threads {
		b, err := os.ReadFile(t)
		if err != nil {
			continue // the thread has just ended
		}
		// "PID (NAME) STATE …", and a name may hold anything.
		_, rest, ok := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
		if !ok || !strings.HasPrefix(rest, "T") {
			return false, nil
		}
	}
	return true, nil
}

// end sends sig and waits for the end; after the deadline it kills.
func (p *Process) end(sig unix.Signal, deadline time.Duration) error {
	p.signal(sig)
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case <-p.gone:
		return nil
	case <-timer.C:
		p.signal(unix.SIGKILL)
		<-p.gone
		return fmt.Errorf("e2e: %s did not stop within %v of %s\n%s", p.Name, deadline, unix.SignalName(sig), tail(p.Log, 20))
	}
}

// tail returns the last lines of a file.
func tail(file string, lines int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
