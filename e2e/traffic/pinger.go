package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Pinger sends numbered echo requests at a fixed rate from a namespace and
// knows of each one whether it was answered.
type Pinger struct {
	conn     net.PacketConn
	dst      netip.Addr
	id       uint16
	interval time.Duration
	stop     chan struct{}
	sender   chan struct{} // closed when the last request is out

	mu      sync.Mutex
	sent    []time.Time // by number
	replied []bool
	answers int
	dups    int
	last    time.Time     // of the newest answer
	gap     time.Duration // longest time between two answers
	changed chan struct{} // closed at the next answer
}

// NewPinger opens a raw socket in the namespace.
func NewPinger(ns string, dst netip.Addr, interval time.Duration) (*Pinger, error) {
	p := &Pinger{dst: dst, id: uint16(rand.Uint32()), interval: interval, stop: make(chan struct{}),
		sender: make(chan struct{}), changed: make(chan struct{})}
	err := netns.Within(ns, func() (err error) {
		if dst.Is6() {
			p.conn, err = net.ListenPacket("ip6:ipv6-icmp", "::")
		} else {
			p.conn, err = net.ListenPacket("ip4:icmp", "0.0.0.0")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("traffic: ping: %w", err)
	}
	go p.receive()
	return p, nil
}

// Echo types of RFC 792 and RFC 4443.
const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

// request is an echo request with its number as data.
func (p *Pinger) request(n int) []byte {
	b := make([]byte, 16)
	b[0] = echoRequest4
	if p.dst.Is6() {
		b[0] = echoRequest6 // the kernel computes ICMPv6 checksums
	}
	binary.BigEndian.PutUint16(b[4:], p.id)
	binary.BigEndian.PutUint16(b[6:], uint16(n))
	binary.BigEndian.PutUint64(b[8:], uint64(n))
	if p.dst.Is4() {
		var sum uint32
		for i := 0; i < len(b); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(b[i:]))
		}
		for sum > 0xffff {
			sum = sum>>16 + sum&0xffff
		}
		binary.BigEndian.PutUint16(b[2:], ^uint16(sum))
	}
	return b
}

// send sends the next request. An error counts as a loss.
func (p *Pinger) send() {
	p.mu.Lock()
	n := len(p.sent)
	p.sent = append(p.sent, time.Now())
	p.replied = append(p.replied, false)
	p.mu.Unlock()
	_, _ = p.conn.WriteTo(p.request(n), &net.IPAddr{IP: p.dst.AsSlice(), Zone: p.dst.Zone()})
}

// Run sends until Finish is called.
func (p *Pinger) Run() {
	defer close(p.sender)
	t := time.NewTicker(p.interval)
	defer t.Stop()
	for {
		p.send()
		select {
		case <-p.stop:
			return
		case <-t.C:
		}
	}
}

func (p *Pinger) receive() {
	want := byte(echoReply4)
	if p.dst.Is6() {
		want = echoReply6
	}
	buf := make([]byte, 2048)
	for {
		n, _, err := p.conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 16 || buf[0] != want || binary.BigEndian.Uint16(buf[4:]) != p.id {
			continue
		}
		p.answer(binary.BigEndian.Uint64(buf[8:]))
	}
}

func (p *Pinger) answer(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= uint64(len(p.sent)) {
		return
	}
	if p.replied[n] {
		p.dups++
		return
	}
	now := time.Now()
	if p.answers > 0 {
		p.gap = max(p.gap, now.Sub(p.last))
	}
	p.replied[n], p.last = true, now
	p.answers++
	close(p.changed)
	p.changed = make(chan struct{})
}

// WaitFor waits until that many requests have been answered.
func (p *Pinger) WaitFor(answers int, deadline time.Duration) error {
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for {
		p.mu.Lock()
		got, sent, changed := p.answers, len(p.sent), p.changed
		p.mu.Unlock()
		if got >= answers {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return fmt.Errorf("ping %s: %d of %d answers after %v (%d sent)", p.dst, got, answers, deadline, sent)
		}
	}
}

// Count is how many requests have been answered.
func (p *Pinger) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers
}

// PingResult is the account of a background ping.
type PingResult struct {
	Sent, Answered, Lost, Dups int
	Gap                        time.Duration // longest without an answer
}

func (r PingResult) String() string {
	return fmt.Sprintf("sent=%d answered=%d lost=%d dup=%d gap=%v", r.Sent, r.Answered, r.Lost, r.Dups, r.Gap.Round(time.Millisecond))
}

// Finish stops sending, lets the last answers come in, and counts.
func (p *Pinger) Finish(grace time.Duration) PingResult {
	close(p.stop)
	select {
	case <-p.sender:
	case <-time.After(grace): // a one-shot pinger has no sender
	}
	p.mu.Lock()
	sent := len(p.sent)
	p.mu.Unlock()
	if grace > 0 {
		_ = p.WaitFor(sent, grace)
	}
	p.conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	return PingResult{Sent: sent, Answered: p.answers, Lost: sent - p.answers, Dups: p.dups, Gap: p.gap}
}

// Echo sends count requests one after another, each when the last one was
// answered.
func Echo(ns string, dst netip.Addr, count int, deadline time.Duration) error {
	p, err := NewPinger(ns, dst, 0)
	if err != nil {
		return err
	}
	defer p.conn.Close()
	for i := range count {
		p.send()
		if err := p.WaitFor(i+1, deadline); err != nil {
			return fmt.Errorf("from %s: %w", ns, err)
		}
	}
	return nil
}

// Unanswered are the times when the requests were sent that had no answer.
func (p *Pinger) Unanswered() (times []time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, at := range p.sent {
		if !p.replied[i] {
			times = append(times, at)
		}
	}
	return times
}
