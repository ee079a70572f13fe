package ofctrl

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// fakeSwitch accepts connections, exchanges hellos and hands each connection to
// serve.
func fakeSwitch(t *testing.T, serve func(net.Conn)) (target string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { nc.Close() })
			if _, err := nc.Write(ofp.AppendHello(nil, 1)); err == nil {
				if _, err := readMessage(nc); err == nil {
					go func() {
						defer stop()
						defer nc.Close()
						serve(nc)
					}()
				}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		l.Close()
		<-done
	})
	return "unix:" + path
}

// A switch that closes the connection is called again.
func TestClosed(t *testing.T) {
	target := fakeSwitch(t, func(net.Conn) {})
	c := start(t, Config{Target: target, Log: discard(), BackoffMin: time.Millisecond, BackoffMax: time.Millisecond})
	waitStatus(t, c, func(s Status) bool { return strings.Contains(s.LastError, "closed the connection") })
}

// A switch that says nothing any more is given up.
func TestSilentSwitch(t *testing.T) {
	target := fakeSwitch(t, func(nc net.Conn) {
		for {
			msg, err := readMessage(nc)
			if err != nil {
				return
			}
			switch h, _ := ofp.ParseHeader(msg); h.Type {
			case ofp.TypeBarrierRequest:
				_, _ = nc.Write(ofp.AppendEmpty(nil, ofp.TypeBarrierReply, h.Xid))
			case ofp.TypeEchoRequest: // no answer
			}
		}
	})
	c := start(t, Config{Target: target, Log: discard(), Echo: 20 * time.Millisecond, Audit: time.Hour, BackoffMin: time.Millisecond})
	waitStatus(t, c, func(s Status) bool { return strings.Contains(s.LastError, "silent") && s.Connects > 1 })
}

// What is sent while the switch is away waits in the desired state alone.
func TestAway(t *testing.T) {
	c := start(t, Config{Target: "unix:" + filepath.Join(t.TempDir(), "none"), Log: discard()})
	for i := range 1000 {
		c.Update(Update{Gen: int64(i), Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(10)}}})
	}
	waitStatus(t, c, func(s Status) bool { return s.LastError != "" })
	st := c.Status()
	if st.Connected || st.Synced || st.Desired != 10 || st.Wanted != 999 {
		t.Errorf("status %+v", st)
	}
	if n := len(c.st.dirty); n != 0 {
		t.Errorf("%d keys are kept as changed", n)
	}
	if err := c.PacketOut(&ofp.PacketOut{}); err != ErrBusy {
		t.Errorf("packet out: %v", err)
	}
}
