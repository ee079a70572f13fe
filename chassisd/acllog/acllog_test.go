package acllog

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLines reads lines as Incus and LXD do: five parts, the third of which
// begins with acl_log.
func TestLines(t *testing.T) {
	r, pipe := io.Pipe()
	w := New(Config{Stderr: pipe, Now: func() time.Time { return time.Date(2026, 1, 2, 16, 4, 5, 678e6, time.FixedZone("", 3600)) }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	for range 2 {
		w.Message(`name="a", verdict=drop`)
	}
	buf := make([]byte, 4096)
	text := ""
	for strings.Count(text, "\n") < 2 {
		n, err := r.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text += string(buf[:n])
	}
	want := `2026-01-02T15:04:05.678Z|00001|acl_log(ovn_pinctrl0)|INFO|name="a", verdict=drop` + "\n" +
		`2026-01-02T15:04:05.678Z|00002|acl_log(ovn_pinctrl0)|INFO|name="a", verdict=drop` + "\n"
	if text != want {
		t.Errorf("%s", text)
	}
	if fields := strings.Split(text[:strings.Index(text, "\n")], "|"); len(fields) != 5 || !strings.HasPrefix(fields[2], "acl_log") {
		t.Errorf("%q", fields)
	} else if _, err := time.Parse(time.RFC3339, fields[0]); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != context.Canceled {
		t.Error(err)
	}
}

// TestFile: what is written behind a rotation is in the new file.
func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "acl.log")
	w := New(Config{Path: name})
	for i, line := range []string{"one\n", "two\n"} {
		if err := w.write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != line {
			t.Errorf("%q, %v", b, err)
		}
		if err := os.Rename(name, name+string(rune('a'+i))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLost: a full queue and a file that cannot be written lose lines, and
// say how many.
func TestLost(t *testing.T) {
	w := New(Config{Path: "/nonexistent/acl.log"})
	for range queue {
		if !w.Message("x") {
			t.Fatal("lost with room in the queue")
		}
	}
	if w.Message("x") || w.Lost() != 1 {
		t.Errorf("%d lost of one too many", w.Lost())
	}
	if err := w.drain(<-w.ch); err == nil || w.Lost() != queue+1 {
		t.Errorf("%d lost, %v", w.Lost(), err)
	}
}
