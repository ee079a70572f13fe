package ovsdb

import (
	"sync"
	"time"
)

// probe watches that a client shows signs of life: after a silence it asks for
// one, after another as long it gives the client up.
type probe struct {
	s        *session
	interval time.Duration // 0 or less: never

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	last  time.Time
	asked bool
}

func newProbe(s *session, interval time.Duration) *probe {
	p := &probe{s: s, interval: interval, last: time.Now()}
	if interval > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.timer = time.AfterFunc(interval, p.fire)
	}
	return p
}

// Read reads from the connection; every byte is a sign of life.
func (p *probe) Read(b []byte) (int, error) {
	n, err := p.s.conn.Read(b)
	if n > 0 {
		p.mu.Lock()
		p.last, p.asked = time.Now(), false
		p.mu.Unlock()
	}
	return n, err
}

func (p *probe) fire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := time.Since(p.last)
	switch {
	case p.s.ctx.Err() != nil:
		return
	case idle < p.interval:
		p.timer.Reset(p.interval - idle)
		return
	case p.asked:
		p.s.fail("no reply to the inactivity probe", "interval", p.interval)
		return
	}
	p.asked = true
	p.s.update([]byte(`{"id":"echo","method":"echo","params":[]}`))
	p.timer.Reset(p.interval)
}

func (p *probe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}
