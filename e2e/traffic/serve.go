package traffic

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Serve answers on a tcp or udp port of a namespace with one line: the server's
// name and the address that it sees as its peer. Network "echo" is a tcp port and
// "udp-echo" a udp port that says everything back.
func Serve(ns, name, network string, port uint16) (server io.Closer, err error) {
	line := func(peer net.Addr) []byte { return []byte(name + " sees " + peer.String() + "\n") }
	err = netns.Within(ns, func() error {
		addr := ":" + strconv.Itoa(int(port))
		if network == "udp" || network == "udp-echo" {
			c, err := net.ListenPacket("udp", addr)
			if err != nil {
				return fmt.Errorf("traffic: serve: %w", err)
			}
			server = c
			go func() {
				buf := make([]byte, 65536)
				for {
					n, peer, err := c.ReadFrom(buf)
					if err != nil {
						return
					}
					answer := buf[:n]
					if network == "udp" {
						answer = line(peer)
					}
					_, _ = c.WriteTo(answer, peer)
				}
			}()
			return nil
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("traffic: serve: %w", err)
		}
		server = l
		if network == "echo" {
			go echoTCP(l)
			return nil
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Write(line(c.RemoteAddr()))
				c.Close()
			}
		}()
		return nil
	})
	return server, err
}

// dialer connects from a port, or from any if it is 0.
func dialer(network string, from uint16, deadline time.Duration) *net.Dialer {
	d := &net.Dialer{Timeout: deadline, KeepAlive: -1}
	switch {
	case from != 0 && network == "udp":
		d.LocalAddr = &net.UDPAddr{Port: int(from)}
	case from != 0:
		d.LocalAddr = &net.TCPAddr{Port: int(from)}
	}
	return d
}

// Probe asks a server and returns its line.
func Probe(ctx context.Context, ns, network string, to netip.AddrPort, from uint16, deadline time.Duration) (string, error) {
	d := dialer(network, from, deadline)
	var answer []byte
	err := netns.Within(ns, func() error {
		c, err := d.DialContext(ctx, network, to.String())
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(deadline)); err != nil {
			return err
		}
		buf := make([]byte, 65536)
		if network == "udp" {
			if _, err := c.Write([]byte("hello\n")); err != nil {
				return err
			}
			n, err := c.Read(buf)
			answer = buf[:n]
			return err
		}
		answer, err = io.ReadAll(c)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	if len(answer) == 0 {
		return "", fmt.Errorf("probe: connected, but no answer")
	}
	return string(answer), nil
}
