package northd

import (
	"bytes"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// unit is the value of a table of flows. The flows are kept as the chunk that
// is stored, a fifth of their size.
type unit struct {
	path     string
	chunk    []byte
	problems []Problem
}

func equalUnit(a, b unit) bool {
	return a.path == b.path && bytes.Equal(a.chunk, b.chunk) && slices.Equal(a.problems, b.problems)
}

// unit closes the collection; ok is false if there is nothing in it.
func (f *flows) unit(datapath schema.UUID, name string) (u unit, ok bool) {
	u.problems = f.problems.list
	if len(f.list) > 0 {
		u.path = datapath.String() + "/" + name
		u.chunk = bytes.Clone(sb.EncodeFlows(f.list)) // without the room that encoding needed
	}
	return u, len(f.list) > 0 || len(u.problems) > 0
}

// portFlows is the row function of table "port flows".
func (c *Compiler) portFlows(r *incr.Reader, id schema.UUID) (unit, bool) {
	p, ok := incr.Get(r, c.ports, id)
	if !ok || !p.Handled {
		return unit{}, false
	}
	f := flows{list: make([]sb.Flow, 0, 16), hint: id, drop: c.dropping(r), problems: problems{table: "Logical_Switch_Port", id: id, name: p.Name}}
	for _, ft := range c.features {
		if ft.port != nil {
			f.source = ft.name
			ft.port(c, r, &f, p)
		}
	}
	return f.unit(p.Switch, "port-"+id.String())
}

// unitChanges are the units that changes of a table of flows are about.
func unitChanges[K comparable](changes []incr.Change[K, unit]) []Unit {
	var units []Unit
	for _, ch := range changes {
		if ch.Old.chunk != nil && ch.Old.path != ch.New.path {
			units = append(units, Unit{Path: ch.Old.path})
		}
		if ch.New.chunk != nil && (ch.Old.path != ch.New.path || !bytes.Equal(ch.Old.chunk, ch.New.chunk)) {
			units = append(units, Unit{ch.New.path, ch.New.chunk})
		}
	}
	return units
}
