package traffic

import (
	"errors"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Stream sends one frame over and over, as fast as the wire takes it.
type Stream struct {
	file *os.File
	sent atomic.Uint64
	done chan struct{}
}

// OpenStream starts sending from an interface.
func OpenStream(ns, dev string, data []byte) (*Stream, error) {
	f, err := netns.PacketSocket(ns, dev, 0)
	if err != nil {
		return nil, err
	}
	x := &Stream{file: f, done: make(chan struct{})}
	go x.run(data)
	return x, nil
}

func (x *Stream) run(data []byte) {
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

// Stop ends it and says how many frames were sent.
func (x *Stream) Stop() uint64 {
	x.file.Close()
	<-x.done
	return x.sent.Load()
}
