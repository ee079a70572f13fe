package traffic

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/netns"
)

// ErrNoAnswer is the error of who asked and got no answer in time.
var ErrNoAnswer = errors.New("no answer")

// exchange asks and answers in whole frames on one interface, below the kernel's
// own addresses and ports.
type exchange struct {
	out   *os.File
	tap   *netns.Tap
	heard chan []byte
}

func openExchange(ns, dev string) (*exchange, error) {
	x := &exchange{heard: make(chan []byte, 1000)}
	var err error
	if x.out, err = netns.PacketSocket(ns, dev, 0); err != nil {
		return nil, err
	}
	x.tap, err = netns.OpenTap(ns, dev, func(frame []byte, out bool) {
		if out {
			return
		}
		select {
		case x.heard <- frame:
		default: // nobody has looked for long; who asks will ask again
		}
	})
	if err != nil {
		x.out.Close()
		return nil, err
	}
	return x, nil
}

func (x *exchange) close() {
	x.tap.Close()
	x.out.Close()
}

// again is after which time a question is repeated, as DHCP clients do.
const again = time.Second

// ask sends a frame, again every second, until one comes that fits.
func (x *exchange) ask(frame []byte, fits func([]byte) bool, deadline time.Duration) ([]byte, error) {
	end := time.NewTimer(deadline)
	defer end.Stop()
	repeat := time.NewTicker(again)
	defer repeat.Stop()
	for {
		if _, err := x.out.Write(frame); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return nil, fmt.Errorf("traffic: %w", err)
		}
		for waiting := true; waiting; {
			select {
			case got := <-x.heard:
				if fits(got) {
					return got, nil
				}
			case <-repeat.C:
				waiting = false
			case <-end.C:
				return nil, fmt.Errorf("%w within %v", ErrNoAnswer, deadline)
			}
		}
	}
}
