package netns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Tap is a raw socket on one interface and what is done with each frame that it
// receives.
type Tap struct {
	file *os.File
	take func(data []byte, out bool)

	mu sync.Mutex // held from when a frame leaves the socket until take is done with it
}

// OpenTap has take called, from a goroutine of its own, with each frame that
// crosses an interface, until the tap is closed. The frame is take's to keep.
func OpenTap(ns, dev string, take func(data []byte, out bool)) (*Tap, error) {
	f, err := PacketSocket(ns, dev, unix.ETH_P_ALL)
	if err != nil {
		return nil, err
	}
	t := &Tap{file: f, take: take}
	go t.run()
	return t, nil
}

// Close ends it. What is in the socket is lost.
func (t *Tap) Close() { t.file.Close() }

func (t *Tap) run() {
	conn, err := t.file.SyscallConn()
	if err != nil {
		return
	}
	buf, oob := make([]byte, 65536), make([]byte, 256)
	for err == nil {
		var rerr error
		err = conn.Read(func(fd uintptr) bool {
			rerr = t.one(int(fd), buf, oob)
			return !errors.Is(rerr, unix.EAGAIN)
		})
		// An interface that goes down says so once, and may come up again.
		if rerr != nil && !errors.Is(rerr, unix.EINTR) && !errors.Is(rerr, unix.ENETDOWN) {
			return
		}
	}
}

// one receives a frame and deals with it.
func (t *Tap) one(fd int, buf, oob []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, on, _, from, err := unix.Recvmsg(fd, buf, oob, 0)
	if err != nil {
		return err
	}
	ll, _ := from.(*unix.SockaddrLinklayer)
	t.take(withTag(buf[:n], oob[:on]), ll != nil && ll.Pkttype == unix.PACKET_OUTGOING)
	return nil
}

// Drained tells whether all that has arrived so far has been dealt with.
func (t *Tap) Drained() bool {
	waiting := 0
	conn, err := t.file.SyscallConn()
	if err != nil {
		return true
	}
	err = conn.Control(func(fd uintptr) {
		t.mu.Lock()
		defer t.mu.Unlock()
		waiting, _ = unix.IoctlGetInt(int(fd), unix.SIOCINQ) // size of the next frame
	})
	return err != nil || waiting == 0 // a closed one receives nothing any more
}

// PacketSocket opens a raw socket on one interface. One that listens also hears
// what is for others: what a bridge passes on it shows to nobody who does not
// ask for that (PACKET_MR_PROMISC of packet(7)).
func PacketSocket(ns, dev string, protocol uint16) (*os.File, error) {
	var file *os.File
	err := Within(ns, func() error {
		i, err := net.InterfaceByName(dev)
		if err != nil {
			return fmt.Errorf("netns: interface %s in %s: %w", dev, ns, err)
		}
		proto := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, protocol))
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("netns: packet socket: %w", err)
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
		if protocol != 0 {
			all := unix.PacketMreq{Ifindex: int32(i.Index), Type: unix.PACKET_MR_PROMISC}
			err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
				unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &all))
		}
		if err = errors.Join(err, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: i.Index})); err != nil {
			unix.Close(fd)
			return fmt.Errorf("netns: packet socket on %s: %w", dev, err)
		}
		file = os.NewFile(uintptr(fd), dev)
		return nil
	})
	return file, err
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
