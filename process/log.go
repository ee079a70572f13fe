package process

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// LogLines is how many lines of one kind a daemon logs in a minute.
const LogLines = 100

// maxKinds bounds how many kinds are told apart; those beyond are one.
const maxKinds = 1000

// LimitLog returns a handler that passes on, of each kind of record, lines a
// minute, and at the end of that minute says how many it left out. Records with
// one message and level are of one kind.
func LimitLog(next slog.Handler, lines int) slog.Handler {
	return &limitedLog{next, &logKinds{next: next, lines: lines, kinds: map[logKind]*logCount{}}}
}

type limitedLog struct {
	next  slog.Handler
	kinds *logKinds
}

func (h *limitedLog) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h *limitedLog) Handle(ctx context.Context, r slog.Record) error {
	if !h.kinds.admit(logKind{r.Level, r.Message}) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

func (h *limitedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limitedLog{h.next.WithAttrs(attrs), h.kinds}
}

func (h *limitedLog) WithGroup(name string) slog.Handler {
	return &limitedLog{h.next.WithGroup(name), h.kinds}
}

// logKinds counts the records of the current minutes.
type logKinds struct {
	next  slog.Handler
	lines int

	mu    sync.Mutex // guards what follows
	kinds map[logKind]*logCount
}

type logKind struct {
	level   slog.Level
	message string
}

type logCount struct{ passed, left int }

// admit counts a record and tells whether it is passed on. The minute of a kind
// begins with its first record.
func (k *logKinds) admit(kind logKind) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.kinds[kind]
	if c == nil {
		if len(k.kinds) >= maxKinds {
			kind.message = "others"
			c = k.kinds[kind]
		}
		if c == nil {
			c = &logCount{}
			k.kinds[kind] = c
			time.AfterFunc(time.Minute, func() { k.end(kind) })
		}
	}
	if c.passed < k.lines {
		c.passed++
		return true
	}
	c.left++
	return false
}

// end ends the minute of a kind.
func (k *logKinds) end(kind logKind) {
	k.mu.Lock()
	c := k.kinds[kind]
	delete(k.kinds, kind)
	k.mu.Unlock()
	if c.left == 0 || !k.next.Enabled(context.Background(), kind.level) {
		return
	}
	r := slog.NewRecord(time.Now(), kind.level, "log lines left out", 0)
	r.AddAttrs(slog.String("kind", kind.message), slog.Int("lines", c.left))
	_ = k.next.Handle(context.Background(), r) // there is nobody to tell
}
