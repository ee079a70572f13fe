package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// leaver is a run.py that leaves a daemon and a file behind.
const leaver = `
import json, os, subprocess, sys, time
subprocess.Popen(["sleep", sys.argv[3]], start_new_session=True)
open("/run/left-" + sys.argv[3], "w")
print(json.dumps({"test": "T.a", "verdict": "pass", "text": os.environ["ONLY"]}), flush=True)
time.sleep(1000 if sys.argv[2] == "weft" else 0)
`

// TestNothingStays: what tests start and write is gone when they end, and when
// they are interrupted.
func TestNothingStays(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("namespaces need root")
	}
	if _, err := os.Stat(python); err != nil {
		t.Skipf("no Python of Debian's: %v", err)
	}
	s := &suite{name: "s", dir: t.TempDir(), only: "x"}
	if err := os.WriteFile(filepath.Join(s.dir, "run.py"), []byte(leaver), 0o600); err != nil {
		t.Fatal(err)
	}
	mark := fmt.Sprintf("1000.%d", os.Getpid())
	got, err := s.class(t.Context(), "stock", mark)
	if want := []result{{"T.a", "pass", "x"}}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("results %v, %v, want %v", got, err, want)
	}
	gone(t, mark)

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	if _, err := s.class(ctx, "weft", mark); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	gone(t, mark)
}

// gone waits until no process has an argument, and looks for the file.
func gone(t *testing.T, arg string) {
	t.Helper()
	if _, err := os.Stat("/run/left-" + arg); err == nil {
		t.Error("/run was not its own")
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		lines, err := filepath.Glob("/proc/*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(lines, func(path string) bool {
			line, _ := os.ReadFile(path)
			return bytes.Contains(line, []byte(arg))
		}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a daemon has stayed")
		}
	}
}
