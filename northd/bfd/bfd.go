package bfd

import (
	"net/netip"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	name  = "bfd"
	table = "BFD"
)

// Values of column status.
const (
	adminDown = "admin_down"
	down      = "down"
	up        = "up"
)

// Source ports are those of RFC 5881, section 4.
const (
	firstPort = 49152
	numPorts  = 65535 - firstPort + 1
)

// feature is what the files of this package share.
type feature struct {
	m        *model.Model
	copp     model.CoppMeter
	rows     *graph.RowTable[*nb.BFD]
	ports    *graph.Numbers // source ports, from 1
	reported *graph.RowTable[*sb.BFD]
	routes   *incr.Index[schema.UUID, *nb.LogicalRouterStaticRoute, schema.UUID] // by session
	policies *incr.Index[schema.UUID, *nb.LogicalRouterPolicy, schema.UUID]
	sessions *incr.Table[schema.UUID, *session]
	byPort   *incr.Index[schema.UUID, *session, string]
	used     *incr.Table[schema.UUID, struct{}]
	status   *incr.Table[schema.UUID, string]
}

// New declares BFD. Copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) model.BFDSessions {
	ft := &feature{
		m: m, copp: copp,
		rows:     graph.Read[*nb.BFD](g, "logical_port", "dst_ip", "min_tx", "min_rx", "detect_mult", "options"),
		reported: graph.Read[*sb.BFD](g),
		ports: graph.NewNumbers(g, "BFD source port", "source port", numPorts,
			graph.KeptIn(func(row *sb.BFD) int64 { return row.SrcPort - firstPort + 1 })),
	}
	ft.routes = incr.NewIndex(graph.Read[*nb.LogicalRouterStaticRoute](g, "bfd"), "BFD",
		func(_ schema.UUID, row *nb.LogicalRouterStaticRoute) []schema.UUID {
			if row.BFD == nil {
				return nil
			}
			return []schema.UUID{*row.BFD}
		})
	ft.policies = incr.NewIndex(graph.Read[*nb.LogicalRouterPolicy](g, "bfd_sessions"), "BFD",
		func(_ schema.UUID, row *nb.LogicalRouterPolicy) []schema.UUID { return row.BFDSessions })
	ft.declareSessions(g)
	graph.Rows(g, table, incr.Keys(ft.sessions), ft.row)
	graph.WriteBack(g, ft.rows, "status", func(row *nb.BFD) **string { return &row.Status }, ft.writeBack)
	m.RouterPortFlows.Write(name, ft.flows)
	return ft.session
}

// declareSessions declares the sessions, which of them are used, and how they are.
func (ft *feature) declareSessions(g *graph.Graph) {
	parsed := graph.Table(g, "parsed BFD session", incr.Keys(ft.rows), ft.parse)
	graph.ProblemsOf(g, parsed, func(s *session) []graph.Problem { return s.problems })
	graph.Number(ft.ports, parsed, func(s *session) (graph.Wish, bool) { return graph.Wish{}, s.Peer.IsValid() })
	ft.sessions = graph.Table(g, "BFD session", incr.Keys(parsed), func(r *incr.Reader, id schema.UUID) (*session, bool) {
		s, _ := incr.Get(r, parsed, id)
		return s, incr.Has(r, ft.ports.Of, id)
	})
	ft.byPort = incr.NewIndex(ft.sessions, "port", func(_ schema.UUID, s *session) []string { return []string{s.Port} })
	graph.ProblemTable(g, "BFD source port problems", incr.Keys(ft.ports.Bad), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		reason, _ := incr.Get(r, ft.ports.Bad, id)
		row, ok := incr.Get(r, ft.rows, id)
		if !ok {
			return nil
		}
		e := problemsOf(row)
		e.Problem("", reason)
		return e.List
	})
	ft.used = graph.Table(g, "used BFD session", incr.Keys(ft.sessions), func(r *incr.Reader, id schema.UUID) (struct{}, bool) {
		s, ok := incr.Get(r, ft.sessions, id)
		return struct{}{}, ok && ft.isUsed(r, id, s.Peer)
	})
	ft.status = graph.Table(g, "status of BFD session", incr.Keys(ft.rows), ft.statusOf)
}

// isUsed tells whether a route or a policy has the session's peer as next hop.
func (ft *feature) isUsed(r *incr.Reader, id schema.UUID, peer netip.Addr) bool {
	for _, row := range incr.Each(r, ft.routes, id) {
		if isHop(row.Nexthop, peer) {
			return true
		}
	}
	for _, row := range incr.Each(r, ft.policies, id) {
		if row.Nexthop != nil && isHop(*row.Nexthop, peer) {
			return true
		}
		for _, hop := range row.Nexthops {
			if isHop(hop, peer) {
				return true
			}
		}
	}
	return false
}

// isHop tells whether text is an address, with the length of all its bits or
// without.
func isHop(text string, ip netip.Addr) bool {
	if a, err := netip.ParseAddr(text); err == nil {
		return a == ip
	}
	p, err := netip.ParsePrefix(text)
	return err == nil && p.IsSingleIP() && p.Addr() == ip
}

// statusOf is what the northbound row shall say.
func (ft *feature) statusOf(r *incr.Reader, id schema.UUID) (string, bool) {
	if !incr.Has(r, ft.rows, id) {
		return "", false
	}
	if !incr.Has(r, ft.used, id) {
		return adminDown, true
	}
	if row, ok := incr.Get(r, ft.reported, id); ok && row.Status != "" && row.Status != adminDown {
		return row.Status, true
	}
	return down, true
}

func (ft *feature) writeBack(r *incr.Reader, row *nb.BFD) (*string, bool) {
	status, ok := incr.Get(r, ft.status, row.UUID)
	return &status, ok
}

// session is model.BFDSessions.
func (ft *feature) session(r *incr.Reader, id schema.UUID) (model.BFDSession, bool) {
	s, ok := incr.Get(r, ft.sessions, id)
	if !ok {
		return model.BFDSession{}, false
	}
	status, _ := incr.Get(r, ft.status, id)
	return model.BFDSession{Port: s.Port, Peer: s.Peer, Up: status == up}, true
}

func problemsOf(row *nb.BFD) *graph.RowProblems {
	return &graph.RowProblems{Table: table, Row: row.UUID, Name: strconv.Quote(row.LogicalPort) + " to " + row.DstIP}
}
