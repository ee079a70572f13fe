package e2e

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

// stream sends one frame over and over, as fast as the wire takes it.
type stream struct {
	file *os.File
	sent atomic.Uint64
	done chan struct{}
}

// Stream starts sending from an endpoint.
func (s *Sandbox) Stream(from string, data []byte) (*stream, error) {
	ns, dev, err := s.endpoint(from)
	if err != nil {
		return nil, err
	}
	f, err := netns.PacketSocket(ns, dev, 0)
	if err != nil {
		return nil, err
	}
	x := &stream{file: f, done: make(chan struct{})}
	go x.run(data)
	return x, nil
}

func (x *stream) run(data []byte) {
	defer close(x.done)
	for {
		switch _, err := x.file.Write(data); {
		case err == nil:
			x.sent.Add(1)
		case errors.Is(err, unix.ENOBUFS): // the queue is full
		default:
			return // closed, or the interface is gone
		}
	}
}

func (x *stream) stop() uint64 {
	x.file.Close()
	<-x.done
	return x.sent.Load()
}

func cmdStreamStart(c *call) error {
	if len(c.args) < 3 {
		return errUsage
	}
	name := c.args[0]
	if c.s.streams[name] != nil {
		return fmt.Errorf("e2e: stream %q runs already", name)
	}
	data, err := c.s.frame(c.args[1], c.args[2:])
	if err != nil {
		return err
	}
	x, err := c.s.Stream(c.args[1], data)
	if err != nil {
		return err
	}
	c.s.streams[name] = x
	return nil
}

// cmdStreamStop wants at least so many frames to have been sent.
func cmdStreamStop(c *call) error {
	if len(c.args) != 2 || c.s.streams[c.args[0]] == nil {
		return errUsage
	}
	least, err := strconv.ParseUint(c.args[1], 10, 64)
	if err != nil {
		return errUsage
	}
	n := c.s.streams[c.args[0]].stop()
	delete(c.s.streams, c.args[0])
	fmt.Fprintf(c.stdout, "sent=%d\n", n)
	if n < least {
		return unmetf("stream %s: %d frames were sent, not %d", c.args[0], n, least)
	}
	return nil
}
