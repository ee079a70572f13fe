package gateway

import (
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// groups are the HA groups in the southbound database: of a northbound
// HA_Chassis_Group that a port names, with its UUID, and of a port's
// gateway_chassis, with a name of the port's.
type groups struct {
	m       *model.Model
	used    *incr.Index[schema.UUID, *model.Redirect, schema.UUID]
	rows    *graph.RowTable[*nb.HAChassisGroup]
	members *graph.RowTable[*nb.HAChassis]
	lrps    *graph.RowTable[*nb.LogicalRouterPort]
	legacy  *graph.RowTable[*nb.GatewayChassis]
	table   *incr.Table[schema.UUID, *group]
	inGroup *incr.Index[schema.UUID, *group, schema.UUID] // by the UUID of the southbound HA_Chassis
}

// group is an HA group with its chassis.
type group struct {
	Name    string
	Chassis []candidate
}

// candidate is a chassis that may have what a group is for.
type candidate struct {
	ID       schema.UUID // of the southbound HA_Chassis
	Name     string
	Priority int64
}

func newGroups(g *graph.Graph, m *model.Model) {
	s := &groups{
		m:       m,
		rows:    graph.Read[*nb.HAChassisGroup](g, "name", "ha_chassis"),
		members: graph.Read[*nb.HAChassis](g, "chassis_name", "priority"),
		lrps:    graph.Read[*nb.LogicalRouterPort](g, "gateway_chassis"),
		legacy:  graph.Read[*nb.GatewayChassis](g, "name", "chassis_name", "priority"),
	}
	s.used = incr.NewIndex(m.Redirects, "HA group", func(_ schema.UUID, p *model.Redirect) []schema.UUID { return []schema.UUID{p.Group} })
	s.table = graph.Table(g, "HA group", incr.Values(s.used), s.groupOf)
	s.inGroup = incr.NewIndex(s.table, "HA chassis", func(_ schema.UUID, h *group) (ids []schema.UUID) {
		for _, c := range h.Chassis {
			ids = append(ids, c.ID)
		}
		return ids
	})
	graph.Rows(g, "HA_Chassis_Group", incr.Keys(s.table), s.groupRow)
	graph.Rows(g, "HA_Chassis", incr.Values(s.inGroup), s.chassisRow)
}

// groupOf is the row function of table "HA group".
func (s *groups) groupOf(r *incr.Reader, id schema.UUID) (*group, bool) {
	h := &group{}
	add := func(row schema.UUID, name string, priority int64) {
		h.Chassis = append(h.Chassis, candidate{schema.NameUUID("HA_Chassis", id.String(), row.String()), name, priority})
	}
	if row, ok := incr.Get(r, s.rows, id); ok {
		h.Name = row.Name
		for _, c := range row.HAChassis {
			if m, ok := incr.Get(r, s.members, c); ok {
				add(c, m.ChassisName, m.Priority)
			}
		}
		return h, true
	}
	_, p, ok := incr.One(r, s.used, id)
	if !ok {
		return nil, false
	}
	row, ok := incr.Get(r, s.lrps, p.Gateway)
	if !ok {
		return nil, false
	}
	h.Name = row.Name
	for _, c := range row.GatewayChassis {
		if m, ok := incr.Get(r, s.legacy, c); ok {
			add(c, m.ChassisName, m.Priority)
		}
	}
	return h, true
}

// groupRow is a row of HA_Chassis_Group.
func (s *groups) groupRow(r *incr.Reader, id schema.UUID) (*sb.HAChassisGroup, bool) {
	h, ok := incr.Get(r, s.table, id)
	if !ok {
		return nil, false
	}
	row := &sb.HAChassisGroup{Header: schema.Header{UUID: id}, Name: h.Name}
	for _, c := range h.Chassis {
		row.HAChassis = append(row.HAChassis, c.ID)
	}
	slices.SortFunc(row.HAChassis, schema.UUID.Compare)
	return row, true
}

// chassisRow is a row of HA_Chassis. One that names no chassis that there is
// waits for it.
func (s *groups) chassisRow(r *incr.Reader, id schema.UUID) (*sb.HAChassis, bool) {
	_, h, ok := incr.One(r, s.inGroup, id)
	if !ok {
		return nil, false
	}
	i := slices.IndexFunc(h.Chassis, func(c candidate) bool { return c.ID == id })
	c := h.Chassis[i]
	row := &sb.HAChassis{Header: schema.Header{UUID: id}, Priority: c.Priority, ExternalIDs: map[string]string{"chassis-name": c.Name}}
	if chassis, ok := s.m.Chassis.Find(r, c.Name); ok {
		row.Chassis = &chassis
	}
	return row, true
}
