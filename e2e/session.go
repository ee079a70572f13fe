package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/e2e/netns"
)

// session is a TCP connection, or a UDP socket, that a VM keeps open, to a server
// that says everything back (serve … echo, serve … udp-echo).
type session struct {
	conn net.Conn
	back *bufio.Reader
	said int
}

// Connect opens a session from a VM, over "tcp" or "udp", from a port of its own
// choice if that is not 0.
func (s *Sandbox) Connect(vm, network string, from uint16, to netip.AddrPort, deadline time.Duration) (*session, error) {
	v, err := s.VM(vm)
	if err != nil {
		return nil, err
	}
	x := &session{}
	err = netns.Within(v.ns, func() (err error) {
		x.conn, err = dialer(network, from, deadline).Dial(network, to.String())
		return err
	})
	if err != nil {
		return nil, unmetf("%s connects to %s: %w", vm, to, err)
	}
	x.back = bufio.NewReader(x.conn)
	return x, nil
}

// say sends a line and waits until it has come back.
func (x *session) say(deadline time.Duration) error {
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

func cmdConnect(c *call) error {
	deadline, from, network := "2s", "0", "tcp"
	var six, udp bool
	if err := c.flags(map[string]*string{"-t": &deadline, "-from": &from}, map[string]*bool{"-6": &six, "-udp": &udp}); err != nil || len(c.args) != 3 {
		return errUsage
	}
	if udp {
		network = "udp"
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return errUsage
	}
	to, err := c.s.target(c.args[2], six)
	if err != nil {
		return err
	}
	if c.s.sessions[c.args[0]] != nil {
		return fmt.Errorf("e2e: session %q is open already", c.args[0])
	}
	x, err := c.s.Connect(c.args[1], network, uint16(port), to, d)
	if err != nil {
		return err
	}
	c.s.sessions[c.args[0]] = x
	return nil
}

func cmdSay(c *call) error {
	deadline := "2s"
	if c.neg {
		deadline = "700ms"
	}
	if err := c.flags(map[string]*string{"-t": &deadline}, nil); err != nil || len(c.args) != 1 {
		return errUsage
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	x := c.s.sessions[c.args[0]]
	if x == nil {
		return fmt.Errorf("e2e: there is no session %q", c.args[0])
	}
	if err := x.say(d); err != nil {
		return unmetf("session %s: %w", c.args[0], err)
	}
	return nil
}

func cmdHangUp(c *call) error {
	if len(c.args) != 1 || c.s.sessions[c.args[0]] == nil {
		return errUsage
	}
	c.s.sessions[c.args[0]].conn.Close()
	delete(c.s.sessions, c.args[0])
	return nil
}
