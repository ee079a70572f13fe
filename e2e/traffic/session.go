package traffic

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Session is a TCP connection, or a UDP socket, that a VM keeps open, to a server
// that says everything back (serve … echo, serve … udp-echo).
type Session struct {
	conn net.Conn
	back *bufio.Reader
	said int
}

// Connect opens a session from a namespace, over "tcp" or "udp", from a port of
// its own choice if that is not 0.
func Connect(ns, network string, from uint16, to netip.AddrPort, deadline time.Duration) (*Session, error) {
	x := &Session{}
	err := netns.Within(ns, func() (err error) {
		x.conn, err = dialer(network, from, deadline).Dial(network, to.String())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", to, err)
	}
	x.back = bufio.NewReader(x.conn)
	return x, nil
}

// Close ends the session.
func (x *Session) Close() error { return x.conn.Close() }

// Say sends a line and waits until it has come back.
func (x *Session) Say(deadline time.Duration) error {
	x.said++
	line := strconv.Itoa(x.said) + "\n"
	if err := x.conn.SetDeadline(time.Now().Add(deadline)); err != nil {
		return err
	}
	if _, err := x.conn.Write([]byte(line)); err != nil {
		return err
	}
	for {
		got, err := x.back.ReadString('\n')
		if err != nil || got == line {
			return err
		}
		// What came too late for an earlier line.
	}
}

// echoTCP says back what a client says.
func echoTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
	}
}
