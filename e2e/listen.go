package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/packet"
)

// sight is what a sandbox sees of its packets.
type sight struct {
	listeners map[string]*listener
	last      []byte // the frame sent last
}

// listener records the frames of one interface: of a VM those that arrive, of
// a hypervisor's interface both directions.
type listener struct {
	name string
	file *os.File // packet socket
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

// packetSocket opens a raw socket on one interface.
func packetSocket(ns, dev string, protocol uint16) (*os.File, error) {
	var file *os.File
	err := within(ns, func() error {
		i, err := net.InterfaceByName(dev)
		if err != nil {
			return fmt.Errorf("e2e: interface %s in %s: %w", dev, ns, err)
		}
		proto := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, protocol))
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("e2e: packet socket: %w", err)
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
		err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
			unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: i.Index}))
		if err != nil {
			unix.Close(fd)
			return fmt.Errorf("e2e: packet socket on %s: %w", dev, err)
		}
		file = os.NewFile(uintptr(fd), dev)
		return nil
	})
	return file, err
}

func (l *listener) open(ns, dev string) error {
	f, err := packetSocket(ns, dev, unix.ETH_P_ALL)
	if err != nil {
		return err
	}
	l.file = f
	go l.read(f)
	return nil
}

func (l *listener) read(f *os.File) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	buf, oob := make([]byte, 65536), make([]byte, 256)
	for {
		var n, on int
		var from unix.Sockaddr
		var rerr error
		err := conn.Read(func(fd uintptr) bool {
			n, on, _, from, rerr = unix.Recvmsg(int(fd), buf, oob, 0)
			return !errors.Is(rerr, unix.EAGAIN)
		})
		if err != nil || (rerr != nil && !errors.Is(rerr, unix.EINTR)) {
			return // closed, or the interface is gone
		}
		if rerr != nil {
			continue
		}
		ll, _ := from.(*unix.SockaddrLinklayer)
		out := ll != nil && ll.Pkttype == unix.PACKET_OUTGOING
		if out && !l.both {
			continue
		}
		l.add(frame{data: withTag(buf[:n], oob[:on]), out: out})
	}
}

// withTag copies a frame and puts back the VLAN tag that the kernel takes out
// (struct tpacket_auxdata of packet(7)).
func withTag(b, oob []byte) []byte {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return bytes.Clone(b)
	}
	for _, m := range msgs {
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < 20 || len(b) < 14 {
			continue
		}
		status := binary.NativeEndian.Uint32(m.Data)
		if status&unix.TP_STATUS_VLAN_VALID == 0 {
			continue
		}
		tci, tpid := binary.NativeEndian.Uint16(m.Data[16:]), uint16(unix.ETH_P_8021Q)
		if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			tpid = binary.NativeEndian.Uint16(m.Data[18:])
		}
		tagged := append([]byte(nil), b[:12]...)
		tagged = binary.BigEndian.AppendUint16(tagged, tpid)
		tagged = binary.BigEndian.AppendUint16(tagged, tci)
		return append(tagged, b[12:]...)
	}
	return bytes.Clone(b)
}

func (l *listener) add(f frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, f)
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
			if bytes.Equal(f.data, x.same) {
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
		l.file.Close()
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
	l.file.Close()
	return l.open(vm.ns, "eth0")
}

// Send puts a frame on a wire.
func (s *Sandbox) Send(from string, data []byte) error {
	ns, dev, err := s.endpoint(from)
	if err != nil {
		return err
	}
	f, err := packetSocket(ns, dev, 0)
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
// rounds, because a packet may cross several hypervisors. What waits for a
// controller is not covered.
func (s *Sandbox) barrier() error {
	const deadline = 5 * time.Second
	for range 3 {
		var g errgroup.Group
		for _, h := range s.hvs {
			g.Go(func() error { return echo(h.ns, netip.MustParseAddr(fabricIP), 2, deadline) })
			for _, o := range s.hvs {
				if o != h {
					g.Go(func() error { return echo(h.ns, netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", o.i)), 1, deadline) })
				}
			}
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("e2e: marker packets: %w", err)
		}
	}
	return nil
}
