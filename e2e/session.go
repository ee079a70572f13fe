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

// session is a TCP connection that a VM keeps open, to a server that says
// everything back (serve … echo).
type session struct {
	conn net.Conn
	back *bufio.Reader
	said int
}

// Connect opens a session from a VM.
func (s *Sandbox) Connect(vm string, to netip.AddrPort, deadline time.Duration) (*session, error) {
	v, err := s.VM(vm)
	if err != nil {
		return nil, err
	}
	x := &session{}
	err = netns.Within(v.ns, func() (err error) {
		d := net.Dialer{Timeout: deadline, KeepAlive: -1}
		x.conn, err = d.Dial("tcp", to.String())
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
	deadline := "2s"
	var six bool
	if err := c.flags(map[string]*string{"-t": &deadline}, map[string]*bool{"-6": &six}); err != nil || len(c.args) != 3 {
		return errUsage
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	to, err := c.s.target(c.args[2], six)
	if err != nil {
		return err
	}
	if c.s.sessions[c.args[0]] != nil {
		return fmt.Errorf("e2e: session %q is open already", c.args[0])
	}
	x, err := c.s.Connect(c.args[1], to, d)
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
