package e2e

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// pid is the process of a daemon.
func (s *Sandbox) pid(name string) (int, error) {
	d, ok := s.daemons.m[name]
	if !ok || d.proc == nil {
		return 0, fmt.Errorf("e2e: there is no daemon %q", name)
	}
	return d.proc.pid, nil
}

// CPU returns the processor time that a daemon has used since it was started,
// of all its threads, user and system: what utime and stime of /proc/PID/stat
// say, in nanoseconds instead of ticks of 10 ms.
func (s *Sandbox) CPU(name string) (time.Duration, error) {
	pid, err := s.pid(name)
	if err != nil {
		return 0, err
	}
	var t unix.Timespec
	if err := unix.ClockGettime(processClock(pid), &t); err != nil {
		return 0, fmt.Errorf("e2e: CPU time of %s: %w", name, err)
	}
	return time.Duration(t.Nano()), nil
}

// processClock is the CPU clock of a process (clock_getcpuclockid(3)): the
// kernel's CPUCLOCK_SCHED, 2, below the complement of the number.
func processClock(pid int) int32 { return int32(^pid<<3 | 2) }

// Memory returns the bytes of memory that a daemon has (its resident set), for
// measurements: `hv1/chassisd`.
func (s *Sandbox) Memory(name string) (int64, error) { return s.memory(name, "VmRSS") }

// OwnMemory returns the part of it that is no file's: not the program, which the
// kernel shares between processes and reads again where it needs the room.
func (s *Sandbox) OwnMemory(name string) (int64, error) { return s.memory(name, "RssAnon") }

// memory reads a figure of proc_pid_status(5).
func (s *Sandbox) memory(name, figure string) (int64, error) {
	pid, err := s.pid(name)
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("e2e: memory of %s: %w", name, err)
	}
	for line := range strings.Lines(string(b)) {
		var kB int64
		if n, _ := fmt.Sscanf(line, figure+": %d kB", &kB); n == 1 {
			return kB << 10, nil
		}
	}
	return 0, fmt.Errorf("e2e: memory of %s: no %s", name, figure)
}
