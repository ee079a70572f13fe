package ofctrl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// chunk is how much is written to the switch at once; between two chunks
// urgent messages go out.
const chunk = 64 << 10

// helloTimeout bounds the exchange of hellos.
const helloTimeout = 5 * time.Second

// conn is one OpenFlow connection. A goroutine reads and one writes, so that
// reading never waits for writing: a client that does not read is dropped by
// the switch.
type conn struct {
	nc     net.Conn
	stall  time.Duration // the longest that a switch may take to read one buffer
	in     chan []byte   // messages from the switch
	out    chan []byte   // buffers of messages to the switch
	urgent chan []byte   // small messages that overtake those
	free   chan []byte   // buffers to fill again
	done   chan struct{} // closed when the connection has broken
	wg     sync.WaitGroup

	once sync.Once
	err  error // valid after done
}

// dial connects and exchanges hellos.
func dial(ctx context.Context, target string, stall time.Duration) (*conn, error) {
	nc, err := connect(ctx, target)
	if err != nil {
		return nil, err
	}
	c := &conn{
		nc:     nc,
		stall:  stall,
		in:     make(chan []byte, 16),
		out:    make(chan []byte, 1),
		urgent: make(chan []byte, 256),
		free:   make(chan []byte, 3),
		done:   make(chan struct{}),
	}
	c.wg.Add(2)
	go c.read()
	go c.write()
	return c, nil
}

func hello(ctx context.Context, nc net.Conn) error {
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	_ = nc.SetDeadline(time.Now().Add(helloTimeout))
	if _, err := nc.Write(ofp.AppendHello(nil, 0)); err != nil {
		return err
	}
	msg, err := readMessage(nc)
	if err != nil {
		return fmt.Errorf("ofctrl: hello: %w", err)
	}
	if h, _ := ofp.ParseHeader(msg); h.Type != ofp.TypeHello {
		return fmt.Errorf("ofctrl: %s in place of hello", h.Type)
	}
	if ok, err := ofp.HelloSpeaks(msg); err != nil || !ok {
		return fmt.Errorf("ofctrl: switch does not speak OpenFlow 1.5 (error %v)", err)
	}
	return nc.SetDeadline(time.Time{})
}

// readMessage reads one whole message.
func readMessage(r io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	h, err := ofp.ParseHeader(head[:])
	if err != nil {
		return nil, err
	}
	msg := make([]byte, h.Length)
	copy(msg, head[:])
	_, err = io.ReadFull(r, msg[8:])
	return msg, err
}

// buffer makes the buffers in which long messages go out, and returns the first
// to fill.
func (c *conn) buffer() []byte {
	for range cap(c.free) {
		c.free <- make([]byte, 0, chunk+ofp.MaxMessage)
	}
	return <-c.free
}

// fail breaks the connection; the first reason stays.
func (c *conn) fail(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.done)
		c.nc.Close()
	})
}

// close breaks the connection and waits for its goroutines.
func (c *conn) close() {
	c.fail(net.ErrClosed)
	c.wg.Wait()
}

func (c *conn) read() {
	defer c.wg.Done()
	r := bufio.NewReaderSize(c.nc, chunk)
	for {
		msg, err := readMessage(r)
		if err == nil && msg[0] != ofp.Version && ofp.Type(msg[1]) != ofp.TypeHello {
			err = fmt.Errorf("ofctrl: message of OpenFlow version %d", msg[0])
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("ofctrl: the switch closed the connection")
			}
			c.fail(err)
			return
		}
		select {
		case c.in <- msg:
		case <-c.done:
			return
		}
	}
}

func (c *conn) write() {
	defer c.wg.Done()
	for {
		var buf []byte
		var reuse bool
		select {
		case buf = <-c.urgent:
		case buf = <-c.out:
			reuse = true
		case <-c.done:
			return
		}
		_ = c.nc.SetWriteDeadline(time.Now().Add(c.stall))
		if _, err := c.nc.Write(buf); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = fmt.Errorf("ofctrl: the switch has not read for %v", c.stall)
			}
			c.fail(err)
			return
		}
		if reuse {
			c.free <- buf[:0]
		}
	}
}

// post sends a small message past the others; it is dropped where the switch
// does not read at all.
func (c *conn) post(msg []byte) {
	select {
	case c.urgent <- msg:
	default:
	}
}
