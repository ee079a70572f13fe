package ovsdb

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsent returns how many bytes the kernel holds for a connection's peer:
// written, and not acknowledged or, on a Unix socket, not read (some more, for
// there it counts what it needs to hold them). See tcp(7) and unix(7), SIOCOUTQ.
func unsent(conn net.Conn) int64 {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	err = raw.Control(func(fd uintptr) {
		if v, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n = v
		}
	})
	if err != nil {
		return 0 // it is closed
	}
	return int64(n)
}
