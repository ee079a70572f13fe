package ofctrl

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// ErrBusy is told for a packet that was not sent because the switch is away or
// does not keep up.
var ErrBusy = errors.New("ofctrl: packet dropped: the switch is away or busy")

// packets carries packet-ins and packet-outs over a connection of its own, so
// that a packet never waits behind a bundle of flows.
type packets struct {
	cfg    Config
	target *target
	in     chan *ofp.PacketIn
	outq   chan []byte
	up     atomic.Bool
	// ready is told when the switch has begun to send packets here, and when it
	// no longer does.
	ready func(bool)

	ins, inDrops, outs, outDrops, resumes atomic.Uint64
}

// outQueue bounds the packets on their way to the switch.
const outQueue = 512

func newPackets(cfg Config, to *target, ready func(bool)) *packets {
	return &packets{cfg: cfg, target: to, ready: ready, in: make(chan *ofp.PacketIn, cfg.PacketIns), outq: make(chan []byte, outQueue)}
}

func (p *packets) addCounters(c *Counters) {
	c.PacketIns = p.ins.Load()
	c.PacketInDrops = p.inDrops.Load()
	c.PacketOuts = p.outs.Load()
	c.PacketOutDrops = p.outDrops.Load()
	c.Resumes = p.resumes.Load()
}

func (p *packets) out(m *ofp.PacketOut) error {
	return p.enqueue(ofp.AppendPacketOut(make([]byte, 0, 128+len(m.Packet)+len(m.Actions)), 0, m), &p.outs)
}

func (p *packets) resume(m *ofp.PacketIn) error {
	if len(m.Continuation) == 0 {
		return errors.New("ofctrl: resume of a packet that was not paused")
	}
	return p.enqueue(ofp.AppendResume(make([]byte, 0, 256+len(m.Packet)+len(m.Continuation)), 0, m), &p.resumes)
}

func (p *packets) enqueue(msg []byte, n *atomic.Uint64) error {
	if !ofp.Fits(msg, 0) {
		p.outDrops.Add(1)
		return ErrTooLarge
	}
	if p.up.Load() {
		select {
		case p.outq <- msg:
			n.Add(1)
			return nil
		default:
		}
	}
	p.outDrops.Add(1)
	return ErrBusy
}

// run keeps the connection up until ctx ends.
func (p *packets) run(ctx context.Context) {
	wait := p.cfg.BackoffMin
	for ctx.Err() == nil {
		began := time.Now()
		path, one, cancel := p.target.get(ctx)
		err := p.session(one, path)
		if one.Err() != nil {
			wait = p.cfg.BackoffMin
		}
		cancel()
		p.up.Store(false)
		p.ready(false)
		if ctx.Err() == nil {
			p.cfg.Log.Debug("packet connection", "target", path, "err", err)
		}
		if time.Since(began) > 10*time.Second {
			wait = p.cfg.BackoffMin
		}
		pause(ctx, wait)
		wait = min(2*wait, p.cfg.BackoffMax)
	}
}

// packetReasons are the packet-ins that the connection asks for: those of
// controller actions, not of table misses.
const packetReasons = 1<<ofp.ReasonAction | 1<<ofp.ReasonInvalidTTL | 1<<ofp.ReasonActionSet | 1<<ofp.ReasonGroup | 1<<ofp.ReasonPacketOut

func (p *packets) session(ctx context.Context, target string) error {
	c, err := dial(ctx, target, p.cfg.Stall)
	if err != nil {
		return err
	}
	defer c.close()
	b := ofp.AppendSetConfig(nil, 1, ofp.SwitchConfig{MissSendLen: 0xffff})
	b = ofp.AppendPacketIn2Format(b, 2)
	b = ofp.AppendSetAsync(b, 3, ofp.Async{PacketIn: packetReasons})
	b = ofp.AppendEmpty(b, ofp.TypeBarrierRequest, 4)
	c.urgent <- b // the way that the packets take, so that it is before them
	p.up.Store(true)
	heard := time.Now()
	tick := time.NewTicker(p.cfg.Echo)
	defer tick.Stop()
	var pending []byte
	for {
		outq, urgent := p.outq, chan []byte(nil)
		if pending != nil {
			outq, urgent = nil, c.urgent
		}
		select {
		case pending = <-outq:
		case urgent <- pending:
			pending = nil
		case msg := <-c.in:
			heard = time.Now()
			if err := p.handle(c, msg); err != nil {
				return err
			}
		case now := <-tick.C:
			if silent := now.Sub(heard); silent > 2*p.cfg.Echo {
				return fmt.Errorf("ofctrl: the switch has been silent for %v", silent.Round(time.Second))
			} else if silent >= p.cfg.Echo/2 {
				c.post(ofp.AppendEmpty(nil, ofp.TypeEchoRequest, 0))
			}
		case <-c.done:
			return c.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *packets) handle(c *conn, msg []byte) error {
	h, err := ofp.ParseHeader(msg)
	if err != nil {
		return err
	}
	switch h.Type {
	case ofp.TypeEchoRequest:
		c.post(ofp.AppendEcho(nil, ofp.TypeEchoReply, h.Xid, msg[8:]))
	case ofp.TypeBarrierReply:
		p.ready(true)
	case ofp.TypeError:
		e, err := ofp.ParseError(msg)
		if err != nil {
			return err
		}
		p.cfg.Log.Warn("switch refuses a packet", "err", e, "xid", e.Xid)
	case ofp.TypeMultipartReply:
		return p.hits(msg)
	case ofp.TypeExperimenter:
		nicira, subtype, body, err := ofp.ParseExperimenter(msg[8:])
		if err != nil || !nicira || subtype != ofp.NXPacketIn2 {
			return err
		}
		return p.deliver(body)
	}
	return nil
}

func (p *packets) deliver(body []byte) error {
	pin, err := ofp.ParsePacketIn2(body)
	if errors.Is(err, ofp.ErrUnknown) {
		p.inDrops.Add(1) // a field that we do not know is no reason to reconnect
		return nil
	}
	if err != nil {
		return err
	}
	p.ins.Add(1)
	select {
	case p.in <- pin:
	default:
		p.inDrops.Add(1)
	}
	return nil
}
