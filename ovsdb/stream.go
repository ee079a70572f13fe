package ovsdb

import (
	"time"

	"github.com/weft-sdn/weft/store"
)

// stream writes one message while it is worked out. It is a store.Sink.
type stream struct {
	s    *session
	turn *store.Turn
	buf  []byte
	// begun: some of the message has left, so that nothing may come between.
	begun bool
	last  time.Time // when something was sent
}

// idleAfter is how long a client may get nothing while its message is worked
// out. Many take a server for dead that is silent for five seconds.
const idleAfter = time.Second

// runStream sends a message that write writes. If write writes nothing, none is
// sent.
func runStream(s *session, write func(*stream) error) error {
	w := &stream{s: s, last: time.Now()}
	turn, err := s.srv.readers.Begin(s.ctx, w.idle)
	if err != nil {
		return err
	}
	w.turn = turn
	defer turn.End()
	if err := write(w); err != nil {
		return err
	}
	return w.flush()
}

// Write takes a piece of the message. It waits for the client as need be,
// without a place among the readers.
func (w *stream) Write(p []byte) (int, error) {
	if len(w.buf)+len(p) > writeAtOnce && len(w.buf) > 0 {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// Step is store.Sink's.
func (w *stream) Step() error { return w.turn.Step() }

func (w *stream) flush() error {
	w.turn.Pause()
	if err := w.send(); err != nil {
		return err
	}
	return w.turn.Resume()
}

func (w *stream) send() error {
	if len(w.buf) == 0 {
		return nil
	}
	err := w.s.out.write(w.s.conn, [][]byte{w.buf})
	w.buf, w.begun, w.last = w.buf[:0], true, time.Now()
	return err
}

// idle lets the client know that the server is alive: by replies to its echo
// requests as long as they can be sent, then by what there is of the message,
// with white space, which may stand between any two rows.
func (w *stream) idle() error {
	if time.Since(w.last) < idleAfter {
		return nil
	}
	w.last = time.Now()
	if !w.begun {
		return w.s.out.sendEchoes(w.s.conn)
	}
	w.buf = append(w.buf, '\n')
	return w.send()
}
