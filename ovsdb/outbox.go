package ovsdb

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// roomBelow is the number of bytes below which a session reads on.
	roomBelow = 1 << 20
	// writeAtOnce is how many bytes are handed to the kernel in one go. What a
	// client behind a slow link takes is noticed in such pieces.
	writeAtOnce = 32 << 10
)

// outbox is what waits to be sent to a client. A session with more than a few
// replies there does not read requests, and one with too many notifications is
// given up.
type outbox struct {
	wake  chan struct{} // there is something to send
	max   int           // bytes of notifications
	total *budget       // of all sessions' notifications

	mu      sync.Mutex // guards what follows
	room    sync.Cond  // something was sent, or the session has ended
	ended   bool
	queue   []outgoing
	echoes  []*message // requests that were read and not replied to
	bytes   int        // of all that is not sent yet
	updates int        // of notifications among them
	streams int        // messages of unknown length among them
	written int64
	writing bool // something is being handed to the kernel
}

// outgoing is one message: its text, or what writes it. A stream is worked out
// as the client takes it, from a state of the database that does not change, so
// that it takes no memory however long it is.
type outgoing struct {
	text   []byte
	body   []byte // what follows text; other clients' messages may share it
	update bool
	stream func(*stream) error
}

func (m *outgoing) size() int { return len(m.text) + len(m.body) }

func newOutbox(max int, total *budget) *outbox {
	o := &outbox{wake: make(chan struct{}, 1), max: max, total: total}
	o.room.L = &o.mu
	return o
}

// budget is a number of bytes that sessions share.
type budget struct {
	max  int64
	used atomic.Int64
}

// take takes bytes; false if there are not that many.
func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) <= b.max {
		return true
	}
	b.used.Add(-int64(n))
	return false
}

func (b *budget) give(n int) { b.used.Add(-int64(n)) }

// reply queues an answer.
func (o *outbox) reply(text []byte) { o.push(outgoing{text: text}) }

// send queues a message that is written as it is sent.
func (o *outbox) send(write func(*stream) error) { o.push(outgoing{stream: write}) }

// expect notes an echo request that was read. Its turn comes after what was
// requested before, unless that takes long.
func (o *outbox) expect(m *message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.echoes = append(o.echoes, m)
}

// due tells of an echo request whose turn it is whether it was not replied to
// before its turn.
func (o *outbox) due(m *message) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.Index(o.echoes, m)
	if i >= 0 {
		o.echoes = slices.Delete(o.echoes, i, i+1)
	}
	return i >= 0
}

// update queues a notification; false if too much waits already.
func (o *outbox) update(text, body []byte) bool {
	return o.push(outgoing{text: text, body: body, update: true})
}

func (o *outbox) push(m outgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.update {
		if o.updates > 0 && o.updates+m.size() > o.max {
			return false
		}
		// Who has nothing to take is not to blame for what others leave.
		if !o.total.take(m.size()) {
			if o.updates > 0 {
				return false
			}
			o.total.used.Add(int64(m.size()))
		}
		o.updates += m.size()
	}
	if m.stream != nil {
		o.streams++
	}
	o.bytes += m.size()
	o.queue = append(o.queue, m)
	signal(o.wake)
	return true
}

// queued returns how many bytes of text wait.
func (o *outbox) queued() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// waitRoom waits until little waits to be sent; with whole, until no stream
// does either. It returns false when the session has ended.
func (o *outbox) waitRoom(whole bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.ended && (o.bytes >= roomBelow || whole && o.streams > 0) {
		o.room.Wait()
	}
	return !o.ended
}

// stop wakes who waits for room.
func (o *outbox) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.room.Broadcast()
}

// run sends until the context ends or the connection fails.
func (o *outbox) run(s *session) error {
	for {
		batch := o.take()
		if len(batch) == 0 {
			select {
			case <-o.wake:
				continue
			case <-s.ctx.Done():
				return nil
			}
		}
		var err error
		if batch[0].stream != nil {
			err = runStream(s, batch[0].stream)
		} else {
			texts := make([][]byte, 0, len(batch))
			for _, m := range batch {
				if texts = append(texts, m.text); len(m.body) > 0 {
					texts = append(texts, m.body)
				}
			}
			err = o.write(s.conn, texts)
		}
		o.sent(batch)
		if err != nil {
			return err
		}
	}
}

// sendEchoes replies at once to the echo requests that were read.
func (o *outbox) sendEchoes(conn net.Conn) error {
	o.mu.Lock()
	var texts [][]byte
	for _, m := range o.echoes {
		texts = append(texts, appendReply(nil, m.id, m.params))
	}
	o.echoes = nil
	o.mu.Unlock()
	return o.write(conn, texts)
}

// write hands texts to the kernel, a piece at a time.
func (o *outbox) write(conn net.Conn, texts [][]byte) error {
	for len(texts) > 0 {
		var piece net.Buffers
		for room := writeAtOnce; room > 0 && len(texts) > 0; {
			n := min(room, len(texts[0]))
			piece = append(piece, texts[0][:n])
			room -= n
			if texts[0] = texts[0][n:]; len(texts[0]) == 0 {
				texts = texts[1:]
			}
		}
		if err := o.hand(conn, piece); err != nil {
			return err
		}
	}
	return nil
}

// hand gives one piece to the kernel.
func (o *outbox) hand(conn net.Conn, piece net.Buffers) error {
	o.mu.Lock()
	o.writing = true
	o.mu.Unlock()
	n, err := piece.WriteTo(conn)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writing = false
	o.written += n
	return err
}

// progress tells how many bytes were given to the kernel, whether it has no
// room for more, and whether there is something to be sent.
func (o *outbox) progress() (written int64, writing, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written, o.writing, o.bytes > 0 || o.streams > 0
}

// take returns the next messages to send: a stream comes alone.
func (o *outbox) take() []outgoing {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, size := 0, 0
	for n < len(o.queue) && size < writeAtOnce {
		if o.queue[n].stream != nil {
			if n == 0 {
				n = 1
			}
			break
		}
		size += o.queue[n].size()
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
		o.bytes -= batch[i].size()
		if batch[i].update {
			o.updates -= batch[i].size()
			o.total.give(batch[i].size())
		}
		if batch[i].stream != nil {
			o.streams--
		}
		batch[i] = outgoing{}
	}
	o.room.Broadcast()
}

// close gives back what will not be sent any more.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.total.give(o.updates)
	o.updates, o.queue, o.max = 0, nil, 0
}

// signal puts a token into a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
