package graph

import (
	"fmt"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Class says what datapaths have in common for one family of features: a key
// for each datapath. Flows of a key are stored once, under a Logical_DP_Group
// of the datapaths that have it; a key without flows has no group.
//
// Each class is one more group for a datapath, and agents have some 40 bits to
// tell groups by (docs/decisions/0004-bits-for-groups.md): what never differs
// belongs to the class that all switches, or all routers, are in.
type Class[C comparable] struct {
	name  string
	by    *incr.Index[schema.UUID, C, C]
	units *Units[C, C]
}

// NewClass declares a class; of has the datapaths' keys.
func NewClass[C comparable](g *Graph, name string, of *incr.Table[schema.UUID, C]) *Class[C] {
	c := &Class[C]{name: name}
	c.by = incr.NewIndex(of, "class "+name, func(_ schema.UUID, k C) []C { return []C{k} })
	itself := func(_ *incr.Reader, k C) (C, bool) { return k, true }
	c.units = NewUnits(g, "flows of class "+name, incr.Values(c.by), itself, func(k C, _ C) Place {
		return Place{Owner: c.Group(k), Name: "base"}
	})
	g.afterAll(func() { Rows(g, "groups of class "+name, incr.Keys(c.units.table), c.groupRow) })
	return c
}

// Write makes a feature write the flows of the keys.
func (c *Class[C]) Write(feature string, write func(r *incr.Reader, f *Flows, k C)) {
	c.units.Write(feature, write)
}

// Group returns the UUID of a key's Logical_DP_Group.
func (c *Class[C]) Group(k C) schema.UUID {
	return schema.NameUUID("Logical_DP_Group", c.name, fmt.Sprintf("%#v", k))
}

func (c *Class[C]) groupRow(r *incr.Reader, k C) (*sb.LogicalDPGroup, bool) {
	return &sb.LogicalDPGroup{Header: schema.Header{UUID: c.Group(k)}, Datapaths: incr.Lookup(r, c.by, k)}, true
}
