package e2e

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weft-sdn/weft/e2e/netns"
	"github.com/weft-sdn/weft/e2e/packet"
	"github.com/weft-sdn/weft/e2e/traffic"
)

// sight is what a sandbox sees of its packets.
type sight struct {
	listeners map[string]*listener
	last      []byte // the frame sent last
}

// listener records the frames of one interface: of a VM those that arrive, of
// another interface all that cross it, in both directions.
type listener struct {
	name string
	tap  *netns.Tap
	both bool

	mu      sync.Mutex
	frames  []frame
	changed chan struct{} // closed at the next frame
}

type frame struct {
	data   []byte
	out    bool
	fields packet.Fields // decoded at need
}

// endpoint resolves "vm1" or "hv1:ul" to a namespace and an interface.
func (s *Sandbox) endpoint(name string) (ns, dev string, err error) {
	if v, ok := s.vms[name]; ok {
		return v.ns, "eth0", nil
	}
	if place, dev, ok := strings.Cut(name, ":"); ok {
		ns, _, err := s.place(place)
		return ns, dev, err
	}
	return "", "", fmt.Errorf("e2e: %q is neither a VM nor PLACE:INTERFACE", name)
}

// Listen starts recording at an endpoint; what was recorded there before is
// forgotten.
func (s *Sandbox) Listen(name string) error {
	ns, dev, err := s.endpoint(name)
	if err != nil {
		return err
	}
	s.sight.drop(name)
	_, isVM := s.vms[name]
	l := &listener{name: name, both: !isVM, changed: make(chan struct{})}
	if err := l.open(ns, dev); err != nil {
		return err
	}
	s.sight.listeners[name] = l
	return nil
}

func (l *listener) open(ns, dev string) (err error) {
	l.tap, err = netns.OpenTap(ns, dev, l.hear)
	return err
}

func (l *listener) hear(data []byte, out bool) {
	if out && !l.both {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, frame{data: data, out: out})
	close(l.changed)
	l.changed = make(chan struct{})
}

// selector picks frames: those equal to one that was sent, or those that fit a
// filter on decoded fields.
type selector struct {
	same   []byte
	filter packet.Filter
}

func (x selector) String() string {
	if x.same != nil {
		return "the frame sent last"
	}
	return "[" + x.filter.String() + "]"
}

// pick returns the frames that fit so far, and a channel for the next one.
func (l *listener) pick(x selector) ([]frame, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var got []frame
	for i := range l.frames {
		f := &l.frames[i]
		if x.same != nil {
			if packet.Same(f.data, x.same) {
				got = append(got, *f)
			}
			continue
		}
		if f.fields == nil {
			f.fields = f.decode()
		}
		if x.filter.Match(f.fields) {
			got = append(got, *f)
		}
	}
	return got, l.changed
}

func (f *frame) decode() packet.Fields {
	dir := "in"
	if f.out {
		dir = "out"
	}
	return append(packet.Fields{{Name: "dir", Value: dir}}, packet.Decode(f.data)...)
}

// await waits until count frames fit.
func (l *listener) await(x selector, count int, deadline time.Duration) ([]frame, error) {
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for {
		got, changed := l.pick(x)
		if len(got) >= count {
			return got, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return got, fmt.Errorf("%s heard %s %d times within %v, not %d", l.name, x, len(got), deadline, count)
		}
	}
}

func (v *sight) drop(name string) {
	if l, ok := v.listeners[name]; ok {
		l.tap.Close()
		delete(v.listeners, name)
	}
}

func (v *sight) close() {
	for name := range v.listeners {
		v.drop(name)
	}
}

// again goes on listening at a VM whose interface is new.
func (v *sight) again(vm *VM) error {
	l, ok := v.listeners[vm.Name]
	if !ok {
		return nil
	}
	l.tap.Close()
	return l.open(vm.ns, "eth0")
}

// Send puts a frame on a wire.
func (s *Sandbox) Send(from string, data []byte) error {
	ns, dev, err := s.endpoint(from)
	if err != nil {
		return err
	}
	f, err := netns.PacketSocket(ns, dev, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("e2e: send from %s: %w", from, err)
	}
	s.sight.last = data
	return nil
}

// barrier returns when all packets that were under way in the switches have
// arrived. The userspace datapath handles a port's packets in order and looks
// at all ports in each turn, and tunnels use the same wires as br-phys: echo
// requests sent later through the same switches and wires mark the end. Three
// rounds, because a packet may cross several hypervisors. What waits in our own
// sockets after a round is waited for too. What waits for a controller is not
// covered.
func (s *Sandbox) barrier() error {
	const deadline = 5 * time.Second
	for range 3 {
		var g errgroup.Group
		for _, h := range s.hvs {
			g.Go(func() error { return traffic.Echo(h.ns, netip.MustParseAddr(fabricIP), 2, deadline) })
			for _, o := range s.hvs {
				if o != h {
					g.Go(func() error {
						return traffic.Echo(h.ns, netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", o.i)), 1, deadline)
					})
				}
			}
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("e2e: marker packets: %w", err)
		}
		if err := poll(deadline, s.drained); err != nil {
			return err
		}
	}
	return nil
}

// drained tells whether all frames that have arrived at our sockets are dealt with.
func (s *Sandbox) drained() error {
	for _, l := range s.sight.listeners {
		if !l.tap.Drained() {
			return unmetf("%s has frames that are not recorded yet", l.name)
		}
	}
	for _, v := range s.vms {
		if v.access != nil && !v.access.drained() {
			return unmetf("the access port of %s has frames that are not passed on yet", v.Name)
		}
	}
	return nil
}
