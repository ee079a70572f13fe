package acllog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// queue bounds the lines on their way to the file.
const queue = 1024

// Config says where lines go.
type Config struct {
	// Path is a file, which is opened anew for what is written at one time, so
	// that it may be moved away at any time. Empty: standard error.
	Path string
	// Stderr and Now are os.Stderr and time.Now but in tests.
	Stderr io.Writer
	Now    func() time.Time
	Log    *slog.Logger
}

// Writer is the log. Message may be called from anywhere.
type Writer struct {
	cfg  Config
	seq  atomic.Uint64
	ch   chan string
	lost atomic.Uint64
}

// New makes a log; Run writes it.
func New(cfg Config) *Writer {
	if cfg.Stderr == nil {
		cfg.Stderr = os.Stderr
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Writer{cfg: cfg, ch: make(chan string, queue)}
}

// Message logs a message. It does not block; where it returns false the
// message is lost.
func (w *Writer) Message(message string) bool {
	line := fmt.Sprintf("%s|%05d|acl_log(ovn_pinctrl0)|INFO|%s\n",
		w.cfg.Now().UTC().Format("2006-01-02T15:04:05.000Z"), w.seq.Add(1), message)
	select {
	case w.ch <- line:
		return true
	default:
		w.lost.Add(1)
		return false
	}
}

// Lost is how many messages were lost, to a full queue or a file that could
// not be written.
func (w *Writer) Lost() uint64 { return w.lost.Load() }

// Run writes lines until ctx ends.
func (w *Writer) Run(ctx context.Context) error {
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line := <-w.ch:
			reason := ""
			if err := w.drain(line); err != nil {
				reason = err.Error()
			}
			if reason != failed && reason != "" {
				w.cfg.Log.Error("the log of ACLs", "err", reason)
			}
			failed = reason
		}
	}
}

// drain writes a line and all that wait behind it.
func (w *Writer) drain(line string) error {
	n := uint64(1)
	buf := []byte(line)
	for ; len(w.ch) > 0; n++ {
		buf = append(buf, <-w.ch...)
	}
	err := w.write(buf)
	if err != nil {
		w.lost.Add(n)
	}
	return err
}

func (w *Writer) write(b []byte) error {
	if w.cfg.Path == "" {
		_, err := w.cfg.Stderr.Write(b)
		return err
	}
	f, err := os.OpenFile(w.cfg.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
