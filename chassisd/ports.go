package chassisd

import (
	"log/slog"
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// ports are the ports that are bound here, on their way from an interface that
// appears to one whose flows are in the switch, and the claims by which others
// know of them.
type ports struct {
	t       *tables.Tables
	log     *slog.Logger
	name    string // of the chassis
	bound   map[schema.UUID]*boundPort
	byIface map[string]*boundPort
	waiting map[schema.UUID]*boundPort // for their flows to be in
	proving map[schema.UUID]*proof     // whose flows are in for the first time
	claimed map[schema.UUID]bool       // our claims in etcd: up
	hosted  map[schema.UUID]*hosted    // ports without interface that are here
	coming  map[schema.UUID]*hosted    // those that wait for their flows to be in
	touched map[string]bool            // interfaces whose mark may have to change
}

// boundPort is what is remembered of a port that is bound here.
type boundPort struct {
	port     schema.UUID
	name     string
	datapath schema.UUID
	iface    string
	gen      int64 // the update that brought its flows
	state    portState
	up       bool // its flows were in since it was bound; a switch that starts again makes it not less up
	// held: its claim is not written yet, see wishClaim.
	held bool
	// again: its interface is marked already, from before the switch was lost.
	again bool
}

// portState is where a bound port's flows are.
type portState uint8

const (
	coming    portState = iota // on their way to the switch
	proving                    // in it; others may not know the way yet
	installed                  // in it, and others know the way
)

func newPorts(t *tables.Tables, log *slog.Logger) *ports {
	return &ports{
		t: t, log: log, bound: map[schema.UUID]*boundPort{}, byIface: map[string]*boundPort{},
		waiting: map[schema.UUID]*boundPort{}, proving: map[schema.UUID]*proof{}, claimed: map[schema.UUID]bool{},
		hosted: map[schema.UUID]*hosted{}, coming: map[schema.UUID]*hosted{}, touched: map[string]bool{},
	}
}

// seeClaim takes a claim of ours in etcd.
func (p *ports) seeClaim(port schema.UUID, e view.Event) {
	delete(p.claimed, port)
	if e.Value == nil {
		return
	}
	if row, err := schema.DecodeRow(sb.Schema().Table("Port_Binding"), port, e.Value); err == nil {
		up := row.(*sb.PortBinding).Up
		p.claimed[port] = up != nil && *up
	}
}

// change follows the ports that are bound here. One that gets another interface,
// or another datapath, is another port. gen is the update that brings the flows;
// earlier tells of an interface whether an earlier run has seen to it.
func (p *ports) change(c incr.Change[schema.UUID, tables.Bound], gen int64, earlier func(iface string) bool) {
	old := p.bound[c.Key]
	if old != nil && (!c.Has || c.New.Interface.UUID != old.iface || c.New.Datapath != old.datapath) {
		delete(p.bound, c.Key)
		delete(p.waiting, c.Key)
		delete(p.proving, c.Key)
		if p.byIface[old.iface] == old {
			delete(p.byIface, old.iface)
		}
		p.touched[old.iface] = true
		p.log.Info("port released", "port", old.name)
		old = nil
	}
	if !c.Has || old != nil {
		return
	}
	i := c.New.Interface
	b := &boundPort{port: c.Key, name: c.New.Name, datapath: c.New.Datapath, iface: i.UUID, gen: gen}
	if p.claimed[c.Key] && earlier(i.UUID) {
		b.state, b.up = installed, true
	} else {
		p.waiting[c.Key] = b
		p.log.Info("port bound", "port", b.name, "interface", i.Name, "ofport", i.Ofport)
	}
	p.bound[c.Key], p.byIface[i.UUID] = b, b
	p.touched[i.UUID] = true
}

// flowsCame notes that an update brings the flows of a datapath: the ports there
// wait for that one.
func (p *ports) flowsCame(dp schema.UUID, gen int64) {
	for _, b := range p.waiting {
		if b.datapath == dp {
			b.gen = gen
		}
	}
	p.hostedFlowsCame(dp, gen)
}

// claimOf is the claim of a port as it must be, nil for none.
func (p *ports) claimOf(port schema.UUID) []byte {
	if h := p.hosted[port]; h != nil {
		return claim(p.name, port, schema.UUID{}, h.up)
	}
	b, ok := p.t.Asked.Get(port)
	if !ok {
		return nil
	}
	at := p.bound[port]
	return claim(p.name, port, b.Encap, at != nil && at.up)
}

// wishClaim adds the claim of a port to the wishes. A new claim is held back
// until the port's flows are in the switch, which takes some milliseconds, and
// then written with up: until then others had better not send here, and one
// key is written instead of two. endHolding ends the wait in any case.
func (p *ports) wishClaim(wishes map[string][]byte, port schema.UUID) {
	_, written := p.claimed[port]
	if h := p.hosted[port]; h != nil && !h.up {
		return // it is written when it is up: until then nobody needs it
	}
	if b := p.waiting[port]; b != nil && !written {
		b.held = true
		return
	}
	wishes[sb.RecordKey(p.name, "Port_Binding", port)] = p.claimOf(port)
}

// endHolding returns the claims that were held back before the last tick.
func (p *ports) endHolding() (wishes map[string][]byte) {
	wishes = map[string][]byte{}
	for id, b := range p.waiting {
		if b.held {
			b.held = false
			wishes[sb.RecordKey(p.name, "Port_Binding", id)] = p.claimOf(id)
		}
	}
	return wishes
}

// in takes that an update is in the switch, and returns the claims that follow. A
// port that works for the first time is not marked before others know the way to
// it.
func (p *ports) in(gen int64, now time.Time) (wishes map[string][]byte) {
	wishes = map[string][]byte{}
	for id, b := range p.waiting {
		if _, local := p.t.Local.Get(b.datapath); !local || b.gen > gen {
			continue
		}
		delete(p.waiting, id)
		if b.up {
			p.mark(b)
		} else {
			p.log.Info("port up", "port", b.name)
			b.state, p.proving[id] = proving, &proof{until: now.Add(proofPatience)}
		}
		b.up, b.held = true, false
		wishes[sb.RecordKey(p.name, "Port_Binding", id)] = p.claimOf(id)
	}
	p.hostedIn(gen, wishes)
	return wishes
}

// mark has the port's interface marked.
func (p *ports) mark(b *boundPort) {
	b.state = installed
	p.touched[b.iface] = true
}

// lost takes that what was in the switch may be gone: it is in again when an
// update from gen on is.
func (p *ports) lost(gen int64) {
	for id, b := range p.bound {
		b.state, b.again, b.gen = coming, true, gen
		delete(p.proving, id)
		p.waiting[id] = b
		p.touched[b.iface] = true
	}
}

// touch has the mark of an interface looked at.
func (p *ports) touch(iface string) { p.touched[iface] = true }

// touchAll has those of all interfaces with a port looked at.
func (p *ports) touchAll() {
	for i := range p.byIface {
		p.touched[i] = true
	}
}

// marks gives f, once, each interface whose mark may have to change, and whether
// its port's flows are in: afresh, if the mark may be from before the switch was
// lost.
func (p *ports) marks(f func(iface string, in, afresh bool)) {
	for i := range p.touched {
		delete(p.touched, i)
		b := p.byIface[i]
		in := b != nil && b.state == installed
		f(i, in, in && b.again)
		if in {
			b.again = false
		}
	}
}

// installed is how many ports have their flows in.
func (p *ports) installed() (n int) {
	for _, b := range p.bound {
		if b.state == installed {
			n++
		}
	}
	return n
}
