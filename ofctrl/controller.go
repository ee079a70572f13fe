package ofctrl

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Config is how to reach a bridge and what to set up there.
type Config struct {
	// Target is the bridge's management socket, `unix:<rundir>/br-int.mgmt`; see
	// [Controller.SetTarget].
	Target string
	Log    *slog.Logger
	// TLV is the map of Geneve options to tun_metadata; nil stands for
	// [DefaultTLV].
	TLV []ofp.TLVMap
	// LearnTables are the tables that learn actions fill: flows with a timeout
	// in them are the switch's own and left alone.
	LearnTables []uint8
	// Audit is the least time between comparisons of groups and meters with the
	// switch, of which the switch does not tell that others change them; where there
	// are many it is longer. Flows are compared all the time. 0 stands for 2 s.
	Audit time.Duration
	// PacketIns is the length of the packet-in queue; packets beyond it are
	// dropped and counted. 0 stands for 1024.
	PacketIns int
	// Echo is the time without any message after which the switch is probed,
	// and after as long again given up. 0 stands for 5 s.
	Echo time.Duration
	// Stall is the time in which a switch must read 64 KiB, and in which it must
	// answer a request; else it is given up. 0 stands for 2 min: committing a
	// million flows takes it more than ten seconds.
	Stall time.Duration
	// BackoffMin and BackoffMax bound the wait between attempts to connect.
	// 0 stands for 50 ms and 2 s.
	BackoffMin, BackoffMax time.Duration
	// Refused is called for each flow, group or meter that the switch refuses,
	// and again with a nil Err when it has been replaced by one that it takes.
	// It must not block, but may call the controller. May be nil.
	Refused func(Refusal)
	// PortStatus is called for each port at connect and for each change of one.
	// It must not block. May be nil.
	PortStatus func(ofp.PortStatus)
	// Hits is called with the answers to [Controller.AskHits], a part at a time.
	// It must not block. May be nil.
	Hits func([]ofp.Hits)
}

// DefaultTLV maps the Geneve option that carries the logical ports of a packet.
func DefaultTLV() []ofp.TLVMap {
	return []ofp.TLVMap{{Class: 0x0102, Type: 0x80, Len: 4, Index: 0}}
}

// Refusal is something that the switch does not take.
type Refusal struct {
	Flow  Flow   // where Kind is "flow"
	Owner string // its owner; of a group or meter the first
	Kind  string // "flow", "group" or "meter"
	ID    uint32 // of a group or meter
	Err   error  // nil: no longer refused
}

// String says what was refused and why, in one line of bounded length.
func (r *Refusal) String() string {
	what := fmt.Sprint(r.ID)
	if r.Kind == "flow" {
		what = r.Flow.String()
	}
	if len(what) > maxFlowText {
		what = what[:maxFlowText] + "…"
	}
	return fmt.Sprintf("%s %s of %s: %v", r.Kind, what, r.Owner, r.Err)
}

// maxFlowText bounds what is said of one flow; one that is too large for the
// switch would fill the log.
const maxFlowText = 400

// Controller owns the state of one bridge.
type Controller struct {
	cfg    Config
	target *target
	st     *state
	pkt    *packets
}

// New makes a controller; it does nothing until Run.
func New(cfg Config) *Controller {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.TLV == nil {
		cfg.TLV = DefaultTLV()
	}
	if cfg.PacketIns <= 0 {
		cfg.PacketIns = 1024
	}
	if cfg.Echo <= 0 {
		cfg.Echo = 5 * time.Second
	}
	if cfg.Stall <= 0 {
		cfg.Stall = 2 * time.Minute
	}
	if cfg.Audit <= 0 {
		cfg.Audit = 2 * time.Second
	}
	if cfg.BackoffMin <= 0 {
		cfg.BackoffMin = 50 * time.Millisecond
	}
	if cfg.BackoffMax <= 0 {
		cfg.BackoffMax = 2 * time.Second
	}
	st, to := newState(), newTarget(cfg.Target)
	return &Controller{cfg: cfg, target: to, st: st, pkt: newPackets(cfg, to, st.setPackets)}
}

// Run keeps connected and the bridge equal to the desired state until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	pktDone := make(chan struct{})
	go func() {
		defer close(pktDone)
		c.pkt.run(ctx)
	}()
	c.runFlows(ctx)
	<-pktDone
	return ctx.Err()
}

// Update changes the desired state. It never blocks; what it changes is sent
// when the switch has taken what came before.
func (c *Controller) Update(u Update) { c.st.update(u) }

// Installed tells the newest generation that is in the switch, after the
// barrier that proves it, and once the packets that its flows send to the
// controller arrive; what the switch refused is not, and is told by
// Config.Refused before. The channel holds one value: a reader that is late
// sees only the newest. After a reconnect it tells the generation once more.
func (c *Controller) Installed() <-chan int64 { return c.st.installedCh }

// PacketIns are the packets that the switch sends.
func (c *Controller) PacketIns() <-chan *ofp.PacketIn { return c.pkt.in }

// PacketOut makes the switch send a packet. It does not block: where the
// switch is away or too slow the packet is dropped, counted, and an error told.
func (c *Controller) PacketOut(p *ofp.PacketOut) error { return c.pkt.out(p) }

// Resume lets a paused packet go on, with what the handler changed in it.
func (c *Controller) Resume(p *ofp.PacketIn) error { return c.pkt.resume(p) }

// Status is the state of the connection and what has been done so far.
func (c *Controller) Status() Status { return c.st.status(c.pkt) }

// Connected is that of Status alone.
func (c *Controller) Connected() bool { return c.st.isConnected() }
