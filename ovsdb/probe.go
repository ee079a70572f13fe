package ovsdb

import (
	"sync"
	"time"
)

// probe watches that a client shows signs of life: it sends something, or takes
// what is sent to it. After a silence it is asked for one, after another as long
// it is given up. While the server itself has something to work out for it,
// nothing is asked of it.
type probe struct {
	s        *session
	interval time.Duration // 0 or less: never
	// ask: a client that is silent and has nothing to take is asked.
	ask bool

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	last  time.Time
	asked bool
	taken int64 // bytes, by the client
	held  bool  // there was a backlog when the timer fired last
}

func newProbe(s *session, interval time.Duration, ask bool) *probe {
	p := &probe{s: s, interval: interval, ask: ask, last: time.Now()}
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
	written, writing, more := p.s.out.progress()
	// A shrinking backlog is a sign of life. That a little arrived at once is
	// none: the peer's kernel takes it, whether the peer does or not.
	kept := unsent(p.s.conn)
	if taken := written - kept; taken > p.taken {
		if p.taken = taken; p.held {
			p.last, p.asked = time.Now(), false
		}
	}
	p.held = writing || kept > 0
	idle := time.Since(p.last)
	switch {
	case p.s.ctx.Err() != nil:
		return
	case idle < p.interval:
		p.timer.Reset(p.interval - idle)
		return
	case !writing && (more || p.s.busy()), !writing && !p.ask:
		p.last, p.asked = time.Now(), false
	case p.asked && writing:
		p.s.fail("the client takes nothing of what is sent to it", "interval", p.interval)
		return
	case p.asked:
		p.s.fail("no reply to the inactivity probe", "interval", p.interval)
		return
	default:
		p.asked = true
		if !writing {
			p.s.out.reply([]byte(`{"id":"echo","method":"echo","params":[]}`))
		}
	}
	p.timer.Reset(p.interval)
}

func (p *probe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
}
