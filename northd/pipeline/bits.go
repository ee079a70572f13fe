package pipeline

import "github.com/weft-sdn/weft/lflow"

// Names of uses of registers and flags.
const (
	PortSecDropIn  = "port_sec_drop_in"
	PortSecDropOut = "port_sec_drop_out"
	Loopback       = "loopback"
)

// Bits is a use of some bits of a register, or of the flags: what they mean
// from the stage that sets them to the last one that reads them. Registers are
// cleared between ingress and egress; flags live on.
type Bits struct {
	Name     string
	Field    string // register as in lflow, or a flag
	Lo, Hi   int
	From, To string // stages; of one pipeline, or of both of a datapath for flags
	Doc      string
}

var uses = [...]Bits{
	{PortSecDropIn, "reg0", 15, 15, LSInCheckPortSec, LSInApplyPortSec, "the port may not send this packet"},
	{PortSecDropOut, "reg0", 15, 15, LSOutCheckPortSec, LSOutApplyPortSec, "the port may not receive this packet"},
	{Loopback, "flags.loopback", 0, 0, LSInARPRsp, LSOutApplyPortSec, "may be output to the port that it came from"},
}

// Uses returns the table of uses.
func Uses() []Bits { return append([]Bits(nil), uses[:]...) }

// LField returns the bits as a field of the language.
func (b Bits) LField() lflow.Field { return lflow.F(b.Field).Bits(b.Lo, b.Hi) }

// LField returns the field of the named use. It panics if there is none.
func LField(name string) lflow.Field {
	for _, u := range uses {
		if u.Name == name {
			return u.LField()
		}
	}
	panic("pipeline: no register use " + name)
}

// Conflict returns a reason why two uses cannot be in one pipeline, or "".
func Conflict(a, b Bits) string {
	if !overlap(a.LField(), b.LField()) {
		return ""
	}
	for _, x := range a.spans() {
		for _, y := range b.spans() {
			if x.pipeline == y.pipeline && x.from <= y.to && y.from <= x.to {
				return a.Name + " and " + b.Name + " share bits in " + pipelines[x.pipeline].Name
			}
		}
	}
	return ""
}

// overlap tells whether two fields share bits; xreg and xxreg are made of reg0
// to reg9.
func overlap(a, b lflow.Field) bool {
	sa, la := a.Base()
	sb, lb := b.Base()
	return sa == sb && la < lb+b.Width() && lb < la+a.Width()
}

// span is a range of stages in one pipeline.
type span struct {
	pipeline ID
	from, to int
}

// spans returns where the bits are live.
func (b Bits) spans() []span {
	from, to := places[b.From], places[b.To]
	if from.Pipeline == to.Pipeline {
		return []span{{from.Pipeline, from.Table, to.Table}}
	}
	return []span{
		{from.Pipeline, from.Table, len(pipelines[from.Pipeline].Stages) - 1},
		{to.Pipeline, 0, to.Table},
	}
}
