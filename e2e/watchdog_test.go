package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the process that is killed in
// TestKilledOwner.
func TestMain(m *testing.M) {
	if os.Getenv("E2E_BE_KILLED") == "1" {
		beKilled()
		return
	}
	os.Exit(m.Run())
}

// beKilled makes a sandbox, says where it is, and waits for its end.
func beKilled() {
	b, err := BackendFromEnv()
	if err != nil {
		fmt.Println("error", err)
		return
	}
	s, err := New(Config{Backend: b, Bin: os.Getenv("E2E_BIN")})
	if err == nil {
		h := s.newHypervisor(1)
		s.hvs = append(s.hvs, h)
		err = h.start() // switch and database; the agent would add nothing to what is tested
	}
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("ready", s.ID, s.Dir, s.watchdog.cmd.Process.Pid)
	select {}
}

// TestKilledOwner: after kill -9 of the process that made a sandbox nothing of
// it is left.
func TestKilledOwner(t *testing.T) {
	c := config(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "E2E_BE_KILLED=1", "E2E_BIN="+c.Bin)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	var id, dir string
	var watchdog int
	if n, _ := fmt.Sscanf(line, "ready %s %s %d", &id, &dir, &watchdog); n != 3 {
		t.Fatalf("the owner says %q", line)
	}
	p := &Process{Name: "watchdog", gone: make(chan struct{})}
	if err := p.open(watchdog, nil); err != nil {
		t.Fatal(err)
	}
	if got := inSandbox(t, id); len(got) < 2 {
		t.Fatalf("only %v run in the sandbox", got)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	select {
	case <-p.gone:
	case <-time.After(20 * time.Second):
		t.Fatal("the watchdog does not end")
	}
	if got := inSandbox(t, id); len(got) > 0 {
		t.Errorf("still running: %v", got)
	}
	if left, _ := filepath.Glob("/run/netns/weft-" + id + "-*"); len(left) > 0 {
		t.Errorf("namespaces are left: %v", left)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is left", dir)
	}
}

// inSandbox lists command lines that name the sandbox's directory.
func inSandbox(t *testing.T, id string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if s := strings.ReplaceAll(string(b), "\x00", " "); err == nil && strings.Contains(s, "/weft-"+id+"/") {
			got = append(got, s)
		}
	}
	return got
}
