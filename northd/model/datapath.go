package model

import (
	"maps"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Switch is a logical switch: not its ports and rules, so that one that comes
// or goes does not change it.
type Switch struct {
	UUID     schema.UUID
	Name     string
	Name2    string            // the cloud's name for it
	Config   map[string]string // other_config
	Copp     schema.UUID
	Problems []graph.Problem
	Kind     SwitchKind
	FDBAge   int // seconds after which agents forget a sender; 0 is never
	wantKey  int
}

// SwitchKind is what few switches differ in and several features look at.
type SwitchKind struct {
	VLANPassthru bool // packets with a VLAN tag pass
}

// Router is a logical router, likewise.
type Router struct {
	UUID     schema.UUID
	Name     string
	Name2    string
	Enabled  bool
	Chassis  string // of a gateway router: the one that has it
	Options  map[string]string
	Copp     schema.UUID
	Problems []graph.Problem
	wantKey  int
	forAgent map[string]string // what agents read in the row's external_ids
}

// FloodL2Group is the multicast group of all enabled ports of a switch but those of
// routers.
const FloodL2Group = "_MC_flood_l2"

func (m *Model) declareDatapaths(g *graph.Graph) {
	m.ls = graph.Read[*nb.LogicalSwitch](g, "name", "ports", "copp")
	m.lr = graph.Read[*nb.LogicalRouter](g, "name", "ports", "enabled", "copp")
	m.switchOfPort = incr.NewIndex(m.ls, "port", func(_ schema.UUID, s *nb.LogicalSwitch) []schema.UUID { return s.Ports })
	m.routerOfPort = incr.NewIndex(m.lr, "port", func(_ schema.UUID, s *nb.LogicalRouter) []schema.UUID { return s.Ports })
	m.parsedSwitches = graph.Table(g, "parsed switch", incr.Keys(m.ls), m.parseSwitch)
	m.parsedRouters = graph.Table(g, "parsed router", incr.Keys(m.lr), m.parseRouter)
	graph.ProblemsOf(g, m.parsedSwitches, func(s *Switch) []graph.Problem { return s.Problems })
	graph.ProblemsOf(g, m.parsedRouters, func(s *Router) []graph.Problem { return s.Problems })
	graph.Number(m.DatapathKeys, m.parsedSwitches, func(s *Switch) (graph.Wish, bool) { return graph.Wish{Request: s.wantKey}, true })
	graph.Number(m.DatapathKeys, m.parsedRouters, func(s *Router) (graph.Wish, bool) { return graph.Wish{Request: s.wantKey}, true })
	m.Switches = graph.Table(g, "switch", incr.Keys(m.parsedSwitches), func(r *incr.Reader, id schema.UUID) (*Switch, bool) {
		s, _ := incr.Get(r, m.parsedSwitches, id)
		return s, incr.Has(r, m.DatapathKeys.Of, id)
	})
	m.Routers = graph.Table(g, "router", incr.Keys(m.parsedRouters), func(r *incr.Reader, id schema.UUID) (*Router, bool) {
		s, _ := incr.Get(r, m.parsedRouters, id)
		return s, incr.Has(r, m.DatapathKeys.Of, id)
	})
	same := func(*incr.Reader, schema.UUID) (struct{}, bool) { return struct{}{}, true }
	switches := graph.Table(g, "kind of switch", incr.Keys(m.Switches), func(r *incr.Reader, id schema.UUID) (SwitchKind, bool) {
		s, ok := incr.Get(r, m.Switches, id)
		if !ok {
			return SwitchKind{}, false
		}
		return s.Kind, true
	})
	routers := graph.Table(g, "all routers", incr.Keys(m.Routers), same)
	m.AllSwitches = graph.NewClass(g, "switches", switches)
	m.AllRouters = graph.NewClass(g, "routers", routers)
}

func (m *Model) parseSwitch(r *incr.Reader, id schema.UUID) (*Switch, bool) {
	row, ok := incr.Get(r, m.ls, id)
	if !ok {
		return nil, false
	}
	p := graph.RowProblems{Table: "Logical_Switch", Row: id, Name: row.Name}
	s := &Switch{UUID: id, Name: row.Name, Name2: row.ExternalIDs["neutron:network_name"], Config: row.OtherConfig}
	s.wantKey = m.options.switchKey.Read(row.OtherConfig, &p)
	s.Kind.VLANPassthru = m.options.passthru.Read(row.OtherConfig, &p)
	s.FDBAge = m.options.fdbAge.Read(row.OtherConfig, &p)
	if row.Copp != nil {
		s.Copp = *row.Copp
	}
	s.Problems = p.List
	return s, true
}

func (m *Model) parseRouter(r *incr.Reader, id schema.UUID) (*Router, bool) {
	row, ok := incr.Get(r, m.lr, id)
	if !ok {
		return nil, false
	}
	p := graph.RowProblems{Table: "Logical_Router", Row: id, Name: row.Name}
	s := &Router{UUID: id, Name: row.Name, Name2: row.ExternalIDs["neutron:router_name"], Options: row.Options,
		Enabled: row.Enabled == nil || *row.Enabled, Chassis: m.options.chassis.Of(row.Options)}
	s.wantKey = m.options.routerKey.Read(row.Options, &p)
	s.forAgent = m.agentOptions(row.Options, &p)
	if row.Copp != nil {
		s.Copp = *row.Copp
	}
	s.Problems = p.List
	return s, true
}

// datapathRow is the row of a switch or router in Datapath_Binding, which has
// its UUID.
func (m *Model) datapathRow(r *incr.Reader, id schema.UUID) (*sb.DatapathBinding, bool) {
	key, ok := incr.Get(r, m.DatapathKeys.Of, id)
	if !ok {
		return nil, false
	}
	kind, name, name2, fdbAge := "logical-switch", "", "", 0
	var more map[string]string
	if s, ok := incr.Get(r, m.Switches, id); ok {
		name, name2, fdbAge = s.Name, s.Name2, s.FDBAge
	} else if s, ok := incr.Get(r, m.Routers, id); ok {
		kind, name, name2, more = "logical-router", s.Name, s.Name2, s.forAgent
	} else {
		return nil, false
	}
	row := &sb.DatapathBinding{
		Header:    schema.Header{UUID: id},
		TunnelKey: int64(key),
		Type:      &kind,
		NBUUID:    &id,
		// What was before column nb_uuid, and is still read by tools.
		ExternalIDs: map[string]string{kind: id.String(), "name": name},
	}
	maps.Copy(row.ExternalIDs, more)
	if name2 != "" {
		row.ExternalIDs["name2"] = name2
	}
	if fdbAge > 0 {
		row.ExternalIDs["fdb_age_threshold"] = strconv.Itoa(fdbAge)
	}
	return row, true
}
