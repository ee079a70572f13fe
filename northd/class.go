package northd

import (
	"fmt"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// class is what datapaths have in common that share flows: those flows are
// stored once, under a Logical_DP_Group of the datapaths of the class.
type class struct {
	VLANPassthru bool // packets with a VLAN tag pass
	Unknown      bool // some port has addresses "unknown"
	policy
	DefaultDrop bool // where ACLs say nothing of a packet, it is dropped
	NoInvalid   bool // do not match on ct.inv
	RejectMeter string
}

func (c class) String() string {
	s := "switch"
	if c.VLANPassthru {
		s += ",vlan-passthru"
	}
	if c.Unknown {
		s += ",unknown"
	}
	if c.Stateful {
		s += ",stateful"
	}
	if c.ACLs {
		s += fmt.Sprintf(",acls%v", c.Tiers)
	}
	if c.Persistent {
		s += ",persistent"
	}
	if c.Sampled {
		s += ",sampled"
	}
	if c.RejectMeter != "" {
		s += fmt.Sprintf(",reject-meter=%q", c.RejectMeter)
	}
	if c.DefaultDrop {
		s += ",default-drop"
	}
	if c.NoInvalid {
		s += ",no-invalid"
	}
	return s
}

// group returns the UUID of the class's Logical_DP_Group.
func (c class) group() schema.UUID { return schema.NameUUID("Logical_DP_Group", c.String()) }

// classOf is the row function of table "class".
func (c *Compiler) classOf(r *incr.Reader, id schema.UUID) (class, bool) {
	s, ok := incr.Get(r, c.switches, id)
	if !ok {
		return class{}, false
	}
	p, _ := incr.Get(r, c.policies, id)
	all, _ := incr.Get(r, c.settings, struct{}{})
	k := class{
		VLANPassthru: s.VLANPassthru,
		Unknown:      len(incr.Lookup(r, c.portsByGroup, groupKey{id, unknown})) > 0,
		policy:       p,
		DefaultDrop:  p.ACLs && all.defaultDrop,
		NoInvalid:    p.Stateful && all.noInvalid,
	}
	if p.ACLs {
		k.RejectMeter = c.coppMeter(r, id, coppReject)
	}
	return k, true
}

// classFlows is the row function of table "class flows".
func (c *Compiler) classFlows(r *incr.Reader, k class) (unit, bool) {
	return c.baseFlows(k, c.dropping(r))
}

// baseFlows are the flows of a class; drop is what stands in place of drop.
func (c *Compiler) baseFlows(k class, drop string) (unit, bool) {
	f := flows{list: make([]sb.Flow, 0, 16), drop: drop}
	for _, ft := range c.features {
		if ft.class != nil {
			f.source = ft.name
			ft.class(&f, k)
		}
	}
	return f.unit(k.group(), "base")
}

// groupRow is the row function of table "Logical_DP_Group".
func (c *Compiler) groupRow(r *incr.Reader, k class) (*sb.LogicalDPGroup, bool) {
	return &sb.LogicalDPGroup{
		Header:    schema.Header{UUID: k.group()},
		Datapaths: incr.Lookup(r, c.byClass, k),
	}, true
}
