package duty

import (
	"time"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

// Duty is one thing that the agent does beside flows. All but Name may be zero.
// Its functions are called one after another, in the runner's goroutine, but for
// Read.
type Duty struct {
	Name string
	// Packets handles the packets of each logical action that sends it some.
	Packets map[lower.Opcode]Handler
	// Rate is how many packets of each of them are handled a second, where that is more
	// than the runner would: for what costs little and is asked for.
	Rate float64
	// Read is called after each commit of the tables, in the goroutine that owns
	// them. What it returns is called in the runner's, later: it must hold copies.
	// nil where nothing has changed for it.
	Read func(t *tables.Tables) (take func(*Out))
	// Wake is called when the time has come that was asked for with Out.At.
	Wake func(*Out)
	// Counted is called with what the switch answers to Out.Count, a part at a
	// time.
	Counted func(hits []ofp.Hits, out *Out)
	// Table is the southbound table in which it has records, and Max how many.
	// Those of an earlier run are its own too, until it takes them back. Seen is
	// told of those that etcd has; value is nil where one is gone.
	Table string
	Max   int
	Seen  func(row schema.UUID, value []byte, out *Out)
	// Figures are its own, beside those of its packets.
	Figures []Figure
}

// Figure is a number that says what a duty does. Value is called in any
// goroutine.
type Figure struct {
	Name, Help string
	Counter    bool // it only grows
	Value      func() float64
}

// Handler does what a packet is for. An error says why it cannot be done.
type Handler func(p *Packet, out *Out) error

// Packet is a packet that a flow sent to the agent.
type Packet struct {
	*ofp.PacketIn
	Op   lower.Opcode
	Args []byte // the userdata behind its header
}

// Nested are the actions nested in the packet's, to be done to the packet that is
// made of it.
func (p *Packet) Nested() ofp.Actions { return ofp.Actions(p.Args) }

// Field returns a field of the pipeline: metadata or a 32-bit register. What the
// switch did not send is 0.
func (p *Packet) Field(f ofp.Field) (value uint64) {
	_ = p.Metadata.Fields(func(g ofp.Field, v, _ ofp.U128) bool {
		if g == f {
			value = v.Lo
		}
		return g != f
	})
	return value
}

// SetBit sets a bit of the pipeline to 1, in a packet that is let go on.
func (p *Packet) SetBit(at lower.Bit) error {
	var b ofp.MatchBuilder
	if err := b.Load(p.Metadata); err != nil {
		return err
	}
	b.Put(at.Field, at.Bit)
	p.Metadata = b.Match()
	return nil
}

// port is where a packet came in: datapath and port, the logical ones.
type port struct{ datapath, inport uint32 }

func (p *Packet) port() port {
	return port{lower.Key(p.Field(ofp.Metadata)), uint32(p.Field(ofp.Reg14))}
}

// Out is where a duty gives what it has to give.
type Out struct {
	r    *Runner
	duty *running
	err  error // of what could not be sent
}

// Now is the time.
func (o *Out) Now() time.Time { return o.r.cfg.Now() }

// Send sends a packet.
func (o *Out) Send(p *ofp.PacketOut) {
	if err := o.r.cfg.Out(p); err != nil {
		o.err = err
	}
}

// Resume lets a paused packet go on, with what was changed in it.
func (o *Out) Resume(p *Packet) {
	if err := o.r.cfg.Resume(p.PacketIn); err != nil {
		o.err = err
	}
}

// Count asks the switch how many packets the flows of a table with a cookie have
// seen. What it cannot ask now is lost: the duty asks again.
func (o *Out) Count(table uint8, cookie uint64) {
	if o.r.cfg.Count != nil {
		_ = o.r.cfg.Count(table, cookie)
	}
}

// Reply sends a packet with the pipeline fields of the one that it answers
// through actions, as a rule those nested in the logical action.
func (o *Out) Reply(p *Packet, pkt []byte, actions ofp.Actions) error {
	fields, err := fieldsOf(p.PacketIn)
	if err != nil {
		return err
	}
	o.Send(&ofp.PacketOut{Fields: fields, Actions: actions, Packet: pkt})
	return nil
}

// fieldsOf are metadata and the registers of the pipeline that the packet was in:
// what conntrack said of it is not true of the one that answers it, nor is the tunnel
// that it came by, which the answer may have to leave by, and which Open vSwitch 3.1
// does not always survive being told. The controller is the port that the answer
// comes in by, so that it may leave by the one that the packet came from.
func fieldsOf(p *ofp.PacketIn) (ofp.Match, error) {
	var b ofp.MatchBuilder
	err := p.Metadata.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
		if f >= ofp.Metadata && f <= ofp.Reg15 {
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

// Record sets a record of the duty's table, or with a nil value takes it back.
// It returns false where the duty has all that it may have.
func (o *Out) Record(row schema.UUID, value []byte) bool { return o.r.record(o.duty, row, value) }

// Inputs has f set inputs of the tables, which are a duty's own, before their next
// commit. It is called in the goroutine that owns them.
func (o *Out) Inputs(f func(*tables.Tables)) { o.r.setInputs(f) }

// At asks for Wake at a time, the zero time for none; a duty has one.
func (o *Out) At(t time.Time) { o.duty.at = t }
