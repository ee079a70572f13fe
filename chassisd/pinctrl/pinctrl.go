package pinctrl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Config connects the dispatcher.
type Config struct {
	In <-chan *ofp.PacketIn
	// Out sends a packet, Resume lets a paused one go on; neither must block.
	Out    func(*ofp.PacketOut) error
	Resume func(*ofp.PacketIn) error
	// ACL takes what the log action tells, one message a packet, and must not
	// block; it returns false where the message is lost. nil keeps none.
	ACL func(message string) bool
	Log *slog.Logger
	// Rate is how many packets of one kind are handled a second; 0 is 1000.
	Rate float64
	// Now is time.Now but in tests.
	Now func() time.Time
}

// Stats counts what became of the packets of one kind.
type Stats struct {
	Handled, Limited, Bad, Unsent uint64
}

// Dispatcher hands packets to their handlers.
type Dispatcher struct {
	cfg      Config
	handlers map[lower.Opcode]handler
	limits   map[string]*limit // by kind; Run's own

	mu    sync.Mutex
	stats map[string]Stats
}

// handler answers one kind of packet: args is the userdata after its header.
type handler struct {
	kind string
	f    func(p *ofp.PacketIn, args []byte) (answer, error)
}

// answer is what is to be done: a packet sent, a paused one resumed, or
// nothing.
type answer struct {
	out    *ofp.PacketOut
	resume *ofp.PacketIn
}

var errUnknown = errors.New("pinctrl: an action that this agent does not know")

// kindOther is every packet that nobody handles.
const kindOther = "other"

// New makes a dispatcher; Run works it.
func New(cfg Config) *Dispatcher {
	if cfg.Rate == 0 {
		cfg.Rate = 1000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	d := &Dispatcher{cfg: cfg, limits: map[string]*limit{}, stats: map[string]Stats{}, handlers: map[lower.Opcode]handler{}}
	for op, f := range map[lower.Opcode]func(*ofp.PacketIn, []byte) (answer, error){
		lower.OpARP:         ask,
		lower.OpNDNS:        ask,
		lower.OpNDNA:        ndNA,
		lower.OpNDNARouter:  ndNARouter,
		lower.OpReject:      reject,
		lower.OpTCPReset:    tcpReset,
		lower.OpSCTPAbort:   sctpAbort,
		lower.OpICMP:        icmpError,
		lower.OpICMP4Error:  icmpError,
		lower.OpICMP6Error:  icmp6TooBig,
		lower.OpInnerIP4Src: innerIP4Src,
		lower.OpLog:         d.logACL,
	} {
		d.handlers[op] = handler{op.String(), f}
	}
	return d
}

// Run handles packets until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p := <-d.cfg.In:
			d.handle(p)
		}
	}
}

func (d *Dispatcher) handle(p *ofp.PacketIn) {
	h, args, err := d.find(p.Userdata)
	l := d.limits[h.kind]
	if l == nil {
		l = newLimit(d.cfg.Rate, d.cfg.Rate)
		d.limits[h.kind] = l
	}
	if !l.take(d.cfg.Now()) {
		d.count(h.kind, func(s *Stats) { s.Limited++ })
		return
	}
	var a answer
	if err == nil {
		a, err = h.f(p, args)
	}
	if err != nil {
		d.count(h.kind, func(s *Stats) { s.Bad++ })
		d.cfg.Log.Debug("packet-in", "kind", h.kind, "err", err)
		return
	}
	switch {
	case a.out != nil:
		err = d.cfg.Out(a.out)
	case a.resume != nil:
		err = d.cfg.Resume(a.resume)
	}
	if err != nil {
		d.count(h.kind, func(s *Stats) { s.Unsent++ })
		return
	}
	d.count(h.kind, func(s *Stats) { s.Handled++ })
}

// find reads the userdata.
func (d *Dispatcher) find(userdata []byte) (handler, []byte, error) {
	u, err := lower.DecodeUserdata(userdata)
	if err != nil {
		return handler{kind: kindOther}, nil, err
	}
	h, ok := d.handlers[u.Op]
	if !ok {
		return handler{kind: kindOther}, nil, fmt.Errorf("%w: %s", errUnknown, u.Op)
	}
	return h, u.Args, nil
}

func (d *Dispatcher) count(kind string, f func(*Stats)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats[kind]
	f(&s)
	d.stats[kind] = s
}

// Stats returns the counts by kind.
func (d *Dispatcher) Stats() map[string]Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := make(map[string]Stats, len(d.stats))
	for k, s := range d.stats {
		m[k] = s
	}
	return m
}

// reply sends a packet with the pipeline fields of the one that it answers
// through the actions nested in the logical action.
func reply(p *ofp.PacketIn, pkt, actions []byte) (answer, error) {
	fields, err := fieldsOf(p)
	if err != nil {
		return answer{}, err
	}
	return answer{out: &ofp.PacketOut{Fields: fields, Actions: ofp.Actions(actions), Packet: pkt}}, nil
}

// fieldsOf are the fields of the pipeline that the packet was in, registers and
// those of a tunnel: the switch takes no others, and what conntrack said of the
// packet is not true of the one that answers it. The controller is the port
// that the answer comes in by, so that it may leave by the one that the packet
// came from.
func fieldsOf(p *ofp.PacketIn) (ofp.Match, error) {
	var b ofp.MatchBuilder
	err := p.Metadata.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
		if f >= ofp.TunID && f <= ofp.TunMetadata0 || f >= ofp.Metadata && f <= ofp.Reg15 {
			b.Set128(f, v)
		}
		return true
	})
	if err != nil {
		return "", err
	}
	b.Set(ofp.InPort, uint64(ofp.PortController))
	return b.Match(), nil
}
