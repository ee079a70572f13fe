package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// scratch is what one call needs and the next can use again.
type scratch struct {
	call
	arena   lflow.Arena // trees that are not kept
	program program     // one that is not kept
	match   ofp.MatchBuilder
	actions ofp.ActionBuilder
	nested  []*ofp.ActionBuilder
	buf     []byte

	// answers put the questions of the language to the Env of the call, and
	// the two functions those of its later phases. They are made once, as a
	// function that knows a variable is an allocation.
	answers      lflow.Options
	asking       lflow.Options // those that the Env knows
	residentFunc func(port string) bool
	portFunc     func(field *lflow.Symbol, name string) (uint64, bool)
}

// call is the flow that is being lowered, and what came up.
type call struct {
	f      *Logical
	cookie uint64
	env    *Env
	// asked says that a program depends on what env answered, varies that a
	// port that is matched is not the same on all datapaths of the scope.
	asked, varies bool
}

func newScratch() *scratch {
	s := new(scratch)
	s.answers = lflow.Options{
		AddressSet: s.addressSet, Separate: s.separate, PortGroup: s.portGroup, GroupBit: s.groupBit,
		DHCP: s.dhcp, DHCPv6: s.dhcpv6,
	}
	s.residentFunc, s.portFunc = s.resident, s.port
	return s
}

// maxBuffer bounds the buffers that are kept, in bytes.
const maxBuffer = 1 << 16

// reset lets go of what the call was about.
func (s *scratch) reset() {
	s.call, s.program, s.asking = call{}, program{}, lflow.Options{}
	s.arena.Reset()
	if cap(s.buf) > maxBuffer {
		s.buf = nil
	}
	for _, b := range s.nested {
		if b.Len() > maxBuffer {
			*b = ofp.ActionBuilder{}
		}
	}
}

// options are those for the text of the call.
func (s *scratch) options() *lflow.Options {
	o := &s.asking
	*o = s.answers
	if s.env.AddressSet == nil {
		o.AddressSet = nil
	}
	if s.env.Separate == nil {
		o.Separate = nil
	}
	if s.env.PortGroup == nil {
		o.PortGroup = nil
	}
	if s.env.PortGroupBit == nil {
		o.GroupBit = nil
	}
	if s.env.DHCP == nil {
		o.DHCP = nil
	}
	if s.env.DHCPv6 == nil {
		o.DHCPv6 = nil
	}
	return o
}

func (c *call) addressSet(name string) ([]lflow.Constant, bool) {
	c.asked = true
	return c.env.AddressSet(name)
}

func (c *call) separate(name string) bool {
	c.asked = true
	return c.env.Separate(name)
}

func (c *call) portGroup(name string, field *lflow.Symbol) ([]string, bool) {
	c.asked = true
	return c.env.PortGroup(name, c.f.near(field))
}

func (c *call) groupBit(name string, field *lflow.Symbol) (lflow.Field, bool) {
	if !c.f.near(field) {
		return lflow.Field{}, false
	}
	c.asked = true
	bit, ok := c.env.PortGroupBit(name)
	if !ok {
		return lflow.Field{}, false
	}
	return groupBit(bit), true
}

func (c *call) dhcp(name string) (lflow.DHCPOption, bool) {
	c.asked = true
	return c.env.DHCP(name)
}

func (c *call) dhcpv6(name string) (lflow.DHCPOption, bool) {
	c.asked = true
	return c.env.DHCPv6(name)
}

func (c *call) resident(port string) bool {
	c.asked = true
	return c.env.Resident != nil && c.env.Resident(port)
}

// port returns the number of a port in a match. A program does not depend on
// it.
func (c *call) port(field *lflow.Symbol, name string) (uint64, bool) {
	if c.env.Port == nil || c.env.Far != nil && c.f.near(field) && c.env.Far(name) {
		return 0, false
	}
	p, ok := c.env.Port(name)
	c.varies = c.varies || p.Varies
	return p.number(), ok
}
