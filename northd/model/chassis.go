package model

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Chassis finds hypervisors.
type Chassis struct {
	names  *incr.Table[schema.UUID, chassisNames]
	byName *incr.Index[schema.UUID, chassisNames, string]
	byHost *incr.Index[schema.UUID, chassisNames, string]
}

// chassisNames are what people call a chassis.
type chassisNames struct{ name, host string }

func newChassis(g *graph.Graph) *Chassis {
	rows := graph.Read[*sb.Chassis](g)
	c := &Chassis{}
	c.names = graph.Table(g, "chassis", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (chassisNames, bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return chassisNames{}, false
		}
		return chassisNames{row.Name, row.Hostname}, true
	})
	c.byName = incr.NewIndex(c.names, "name", func(_ schema.UUID, n chassisNames) []string { return []string{n.name} })
	c.byHost = incr.NewIndex(c.names, "hostname", func(_ schema.UUID, n chassisNames) []string { return []string{n.host} })
	return c
}

// Find returns the chassis that has the name, or else the host name.
func (c *Chassis) Find(r *incr.Reader, name string) (schema.UUID, bool) {
	if name == "" {
		return schema.UUID{}, false
	}
	if ids := incr.Lookup(r, c.byName, name); len(ids) > 0 {
		return ids[0], true
	}
	if ids := incr.Lookup(r, c.byHost, name); len(ids) > 0 {
		return ids[0], true
	}
	return schema.UUID{}, false
}
