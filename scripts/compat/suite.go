package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// python is Debian's: only it finds Debian's packages.
	python = "/usr/bin/python3"
	// classTime is what a class of tests may take.
	classTime = 40 * time.Minute
)

// isolate is a shell script that runs its arguments with an empty /run. It
// stays, as the first process of its namespace, and buries daemons.
const isolate = `mount -t tmpfs tmpfs /run; ip link set lo up; "$@"`

type suite struct {
	name, dir, only string
	listed          listing
}

// listing is what run.py tells of a suite.
type listing struct {
	Version, What string
	Classes       []string
	Left          int // tests that need other databases
}

// result is what run.py tells of a test.
type result struct{ Test, Verdict, Text string }

func (s *suite) list(ctx context.Context) error {
	var said bytes.Buffer
	c := s.command(ctx, "list")
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, said.String())
	}
	return json.Unmarshal(out, &s.listed)
}

// run runs all classes with both sides, as many at a time as there are processors.
func (s *suite) run(ctx context.Context) (stock, weft map[string]result, err error) {
	type job struct {
		side, class string
		results     []result
	}
	var jobs []*job
	for _, class := range s.listed.Classes {
		jobs = append(jobs, &job{side: "stock", class: class}, &job{side: "weft", class: class})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for _, j := range jobs {
		g.Go(func() (err error) {
			j.results, err = s.class(ctx, j.side, j.class)
			return err
		})
	}
	err = g.Wait()
	sides := map[string]map[string]result{"stock": {}, "weft": {}}
	for _, j := range jobs {
		for _, r := range j.results {
			sides[j.side][r.Test] = r
		}
	}
	return sides["stock"], sides["weft"], err
}

// class runs a class of tests. One that does not end, or dies, has the results
// of those tests that came to an end.
func (s *suite) class(ctx context.Context, side, class string) ([]result, error) {
	limited, cancel := context.WithTimeout(ctx, classTime)
	defer cancel()
	// The child is killed with the thread that started it (PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := time.Now()
	c := s.command(limited, side, class)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	failed := c.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	results, err := read(&out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", class, err)
	}
	passed := 0
	for _, r := range results {
		if r.Verdict == "pass" {
			passed++
		}
	}
	fmt.Fprintf(os.Stderr, "%s %s: %d of %d pass with %s, %.0f s\n", s.name, strings.TrimPrefix(class, s.name+"."), passed, len(results), side, time.Since(start).Seconds())
	if failed != nil {
		fmt.Fprintf(os.Stderr, "%s did not come to its end with %s: %v\n%s", class, side, errors.Join(failed, limited.Err()), said.String())
	}
	return results, nil
}

func read(r io.Reader) (results []result, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var one result
		if err := json.Unmarshal(in.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%w: %.200q", err, in.Text())
		}
		results = append(results, one)
	}
	return results, in.Err()
}

// command is run.py in namespaces that end with it.
func (s *suite) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "unshare", append([]string{"--pid", "--net", "--mount", "--mount-proc", "--fork", "--kill-child",
		"sh", "-ec", isolate, "sh", python, s.dir + "/run.py", s.name}, args...)...)
	c.Env = append(os.Environ(), "PATH=/usr/sbin:/sbin:"+os.Getenv("PATH"), "TMPDIR=/run", "HOME=/run", "OS_LOG_PATH=/run", "PYTHONDONTWRITEBYTECODE=1", "ONLY="+s.only)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.WaitDelay = 10 * time.Second // nobody is left who could hold the pipes
	return c
}
