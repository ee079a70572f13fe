package ofctrl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// flushBatch is how many connections are flushed between two barriers.
const flushBatch = 256

// FlushConnections has a switch ("unix:PATH" or "tcp:HOST:PORT") forget
// connections, over a connection of its own: flows on their way to the switch do
// not wait for it. What the switch refuses is an error; the rest is forgotten all
// the same.
func FlushConnections(ctx context.Context, target string, list []ofp.CTFlush) error {
	nc, err := connect(ctx, target)
	if err != nil {
		return err
	}
	defer nc.Close()
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	var refusals error
	for len(list) > 0 {
		n := min(len(list), flushBatch)
		err := flushSome(nc, list[:n])
		var no *ofp.Error
		if errors.As(err, &no) {
			refusals = errors.Join(refusals, err)
		} else if err != nil {
			return fmt.Errorf("ofctrl: flush connections: %w", errors.Join(err, ctx.Err()))
		}
		list = list[n:]
	}
	return refusals
}

// flushSome waits for the barrier behind the messages. Of what is refused, it
// tells the first.
func flushSome(nc net.Conn, list []ofp.CTFlush) error {
	const barrier = 1
	var buf []byte
	for i := range list {
		buf = ofp.AppendCTFlush(buf, barrier+1, &list[i])
	}
	if _, err := nc.Write(ofp.AppendEmpty(buf, ofp.TypeBarrierRequest, barrier)); err != nil {
		return err
	}
	var refusal error
	for {
		msg, err := readMessage(nc)
		if err != nil {
			return err
		}
		h, err := ofp.ParseHeader(msg)
		switch {
		case err != nil:
			return err
		case h.Type == ofp.TypeBarrierReply && h.Xid == barrier:
			return refusal
		case h.Type == ofp.TypeError && refusal == nil:
			e, err := ofp.ParseError(msg)
			if err != nil {
				return err
			}
			refusal = e
		}
	}
}

// connect connects and exchanges hellos.
func connect(ctx context.Context, target string) (net.Conn, error) {
	network, addr, ok := strings.Cut(target, ":")
	if !ok || network != "unix" && network != "tcp" {
		return nil, fmt.Errorf("ofctrl: target %q: want unix:PATH or tcp:HOST:PORT", target)
	}
	nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if err := hello(ctx, nc); err != nil {
		nc.Close()
		return nil, err
	}
	return nc, nil
}
