package chassisd

import (
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/chassisd/tables"
)

// An interface is marked ovn-installed when its port can be talked with: its flows
// are in this switch, and the chassis that have ports in its network, or in one
// that is routed to it, know the way back. They are asked by packets that take
// that way (physical.AskWay).
const (
	// proofPatience bounds the wait for chassis that do not answer: those that
	// are dead, or have another version. It is spent once: who did not answer is
	// not waited for before it has answered.
	proofPatience = 2 * time.Second
	// They are asked again after minAsk, then each time later.
	minAsk = 5 * time.Millisecond
	maxAsk = 200 * time.Millisecond
)

// proof is of one port.
type proof struct {
	until time.Time       // when it is given up
	begun bool            // the claim is in etcd, and the others were asked
	ask   []tables.Tunnel // those that are asked
	left  map[string]bool // chassis that have not answered
	next  time.Time       // when they are asked again, and pause later
	pause time.Duration
}

// prover asks the other chassis. The proofs are in ports.
type prover struct {
	answers chan physical.RemotePort
	deaf    map[string]bool // chassis that have not answered in time
	timer   *time.Timer     // of the next question
}

func newProver() prover {
	return prover{answers: make(chan physical.RemotePort, 256), deaf: map[string]bool{}}
}

// duty takes the packets that come back. One that is too many is asked for again.
func (p *prover) duty() duty.Duty {
	return duty.Duty{Name: "way", Packets: map[lower.Opcode]duty.Handler{lower.OpWay: func(pkt *duty.Packet, _ *duty.Out) error {
		select {
		case p.answers <- physical.WayTo(pkt.Field):
		default:
		}
		return nil
	}}}
}

func (p *prover) wake() <-chan time.Time {
	if p.timer == nil {
		return nil
	}
	return p.timer.C
}

// answered takes that a chassis knows the way to a port.
func (a *Agent) answered(way physical.RemotePort) {
	chassis := ""
	for _, u := range a.t.Tunnels.All() {
		if u.Ofport == way.Tunnel {
			chassis = u.Chassis
		}
	}
	delete(a.prover.deaf, chassis)
	for id, p := range a.ports.proving {
		if at := a.remotePort(a.ports.bound[id]); at.Datapath == way.Datapath && at.Key == way.Key {
			delete(p.left, chassis)
		}
	}
}

// remotePort is a port of this chassis as others see it.
func (a *Agent) remotePort(b *boundPort) physical.RemotePort {
	row, _ := a.t.Ports.Get(b.port)
	dp, _ := a.t.Local.Get(b.datapath)
	return physical.RemotePort{Datapath: dp.Key, Key: uint16(row.Key)}
}

// prove asks who is to be asked now, and has the ports marked that are proved, or
// cannot be.
func (a *Agent) prove() {
	now, next := a.cfg.Now(), time.Time{}
	for id, p := range a.ports.proving {
		b := a.ports.bound[id]
		if !p.begun && a.ports.claimed[id] {
			a.beginProof(p, b)
		}
		late := !now.Before(p.until)
		if late || p.begun && len(p.left) == 0 {
			for chassis := range p.left {
				a.prover.deaf[chassis] = true
			}
			delete(a.ports.proving, id)
			a.ports.mark(b)
			continue
		}
		if p.begun && !now.Before(p.next) {
			a.askWay(p, b)
			p.next, p.pause = now.Add(p.pause), min(2*p.pause, maxAsk)
		}
		if p.begun && (next.IsZero() || p.next.Before(next)) {
			next = p.next
		}
	}
	if a.prover.timer != nil {
		a.prover.timer.Stop()
		a.prover.timer = nil
	}
	if !next.IsZero() {
		a.prover.timer = time.NewTimer(next.Sub(now))
	}
}

func (a *Agent) beginProof(p *proof, b *boundPort) {
	p.begun, p.pause, p.left = true, minAsk, map[string]bool{}
	p.ask = a.t.Near(b.datapath)
	for _, u := range p.ask {
		if !a.prover.deaf[u.Chassis] {
			p.left[u.Chassis] = true
		}
	}
}

// askWay asks those that have not answered, and those from whom no answer is
// awaited, who may have come back.
func (a *Agent) askWay(p *proof, b *boundPort) {
	at := a.remotePort(b)
	for _, u := range p.ask {
		if p.left[u.Chassis] || a.prover.deaf[u.Chassis] {
			at.Tunnel = u.Ofport
			_ = a.of.PacketOut(physical.AskWay(at)) // what is not sent is sent again
		}
	}
}
