package e2e

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tracer is an ovn-trace that answers questions.
type tracer struct {
	t      *testing.T
	daemon *daemon
	ctl    string // its socket
	conn   net.Conn
	enc    *json.Encoder
	dec    *json.Decoder
}

// newTracer starts an ovn-trace that has read the database in a directory.
func newTracer(t *testing.T, s *Sandbox, dir string, options ...string) *tracer {
	t.Helper()
	name := filepath.Join(dir, "trace"+strings.TrimLeft(strings.Join(options[:min(1, len(options))], ""), "-"))
	d := &daemon{name: name, start: func() (*Process, error) {
		args := append([]string{"ovn-trace", "--db=unix:" + dir + "/sb.sock", "--unixctl=" + name + ".ctl"}, options...)
		return s.startDetached(name, s.ns("fab"), s.env(dir), name+".pid", name+".log", args...)
	}}
	if err := s.run(d); err != nil {
		t.Fatal(err)
	}
	c := &tracer{t: t, daemon: d, ctl: name + ".ctl"}
	c.connect()
	return c
}

func (c *tracer) connect() {
	c.t.Helper()
	conn, err := net.Dial("unix", c.ctl)
	if err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.enc, c.dec = conn, json.NewEncoder(conn), json.NewDecoder(conn)
}

func (c *tracer) stop() {
	c.conn.Close()
	if err := c.daemon.halt(unix.SIGTERM); err != nil {
		c.t.Error(err)
	}
}

// survives is trace with an ovn-trace that may die of what it reads, as that of 23.03
// does of some of stock's own flows: it is started again then.
func (c *tracer) survives(words ...string) (text string, ok bool) {
	c.t.Helper()
	text, err := c.ask(words)
	if err == nil {
		return text, true
	}
	c.conn.Close()
	_ = c.daemon.halt(unix.SIGTERM) // if it has not come to its end yet
	if err := c.daemon.up(); err != nil {
		c.t.Fatal(err)
	}
	c.connect()
	return "", false
}

// trace asks with an unixctl request, as ovs-appctl does: form, and datapath and
// microflow or the latter alone.
func (c *tracer) trace(words ...string) string {
	c.t.Helper()
	text, err := c.ask(words)
	if err != nil {
		c.t.Fatalf("ovn-trace %q: %v", words, err)
	}
	return text
}

// ask returns the answer, and an error if there is none.
func (c *tracer) ask(words []string) (string, error) {
	c.t.Helper()
	var answer struct{ Result, Error any }
	err := c.enc.Encode(map[string]any{"id": 0, "method": "trace", "params": words})
	if err == nil {
		err = c.dec.Decode(&answer)
	}
	if answer.Error != nil {
		c.t.Fatalf("ovn-trace %q: %v", words, answer.Error)
	}
	text, _ := answer.Result.(string)
	return text, err
}
