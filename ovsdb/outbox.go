package ovsdb

import (
	"context"
	"net"
	"sync"
)

const (
	// roomBelow is the number of bytes below which a session reads on.
	roomBelow = 1 << 20
	// writeAtOnce is how many bytes are handed to the kernel in one go.
	writeAtOnce = 256 << 10
)

// outbox is what waits to be sent to a client. Replies have no limit of their
// own: a session with more than a few of them does not read requests.
type outbox struct {
	wake  chan struct{} // there is something to send
	drain chan struct{} // something was sent

	mu      sync.Mutex // guards what follows
	queue   []outgoing
	bytes   int // of all that is not sent yet
	updates int // of notifications among them
	max     int // of updates
}

type outgoing struct {
	text   []byte
	update bool
}

func newOutbox(max int) *outbox {
	return &outbox{wake: make(chan struct{}, 1), drain: make(chan struct{}, 1), max: max}
}

// reply queues an answer.
func (o *outbox) reply(text []byte) { o.push(outgoing{text, false}) }

// update queues a notification; false if too much waits already.
func (o *outbox) update(text []byte) bool { return o.push(outgoing{text, true}) }

func (o *outbox) push(m outgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.update {
		if o.updates > 0 && o.updates+len(m.text) > o.max {
			return false
		}
		o.updates += len(m.text)
	}
	o.bytes += len(m.text)
	o.queue = append(o.queue, m)
	signal(o.wake)
	return true
}

// waitRoom waits until little waits to be sent.
func (o *outbox) waitRoom(ctx context.Context) error {
	for {
		o.mu.Lock()
		room := o.bytes < roomBelow
		o.mu.Unlock()
		if room {
			return nil
		}
		select {
		case <-o.drain:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run sends until the context ends or the connection fails.
func (o *outbox) run(ctx context.Context, conn net.Conn) error {
	for {
		batch := o.take()
		if len(batch) == 0 {
			select {
			case <-o.wake:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		texts := make(net.Buffers, len(batch))
		for i, m := range batch {
			texts[i] = m.text
		}
		if _, err := texts.WriteTo(conn); err != nil {
			return err
		}
		o.sent(batch)
	}
}

// take returns the next messages to send.
func (o *outbox) take() []outgoing {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, size := 0, 0
	for n < len(o.queue) && size < writeAtOnce {
		size += len(o.queue[n].text)
		n++
	}
	batch := o.queue[:n:n]
	if o.queue = o.queue[n:]; len(o.queue) == 0 {
		o.queue = nil
	}
	return batch
}

func (o *outbox) sent(batch []outgoing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range batch {
		o.bytes -= len(batch[i].text)
		if batch[i].update {
			o.updates -= len(batch[i].text)
		}
		batch[i].text = nil
	}
	signal(o.drain)
}

// signal puts a token into a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
