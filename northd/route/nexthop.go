package route

import (
	"cmp"
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// replyHop is a next hop to which replies leave because their connections came from
// there.
type replyHop struct {
	port schema.UUID // of the router
	ip   netip.Addr
}

func (h replyHop) Compare(o replyHop) int {
	return cmp.Or(h.port.Compare(o.port), h.ip.Compare(o.ip))
}

// learned names what agents learn: the router's port by its name, and the address as
// they write it.
type learned struct{ port, ip string }

// monitor declares table ECMP_Nexthop, from which agents see that the Ethernet address
// of a next hop changes: connections that have the earlier one noted end.
func (ft *feature) monitor(g *graph.Graph, sources []model.RouteSource) {
	on := graph.Bool[*nb.NBGlobal](g, "options", "ecmp_nexthop_monitor_enable", false,
		"connections of routes with ecmp_symmetric_reply end when the Ethernet address of their next hop changes")
	enabled := graph.Table(g, "monitor of next hops", incr.Keys(ft.m.Options), func(r *incr.Reader, _ struct{}) (struct{}, bool) {
		options, _ := incr.Get(r, ft.m.Options, struct{}{})
		return struct{}{}, on.Of(options)
	})
	bindings := incr.NewIndex(graph.Read[*sb.MACBinding](g), "neighbour", func(_ schema.UUID, row *sb.MACBinding) []learned {
		return []learned{{row.LogicalPort, row.IP}}
	})
	for _, s := range sources {
		hops := incr.NewIndex(s.Routes, "next hop of replies", func(_ schema.UUID, rt *model.Route) []replyHop {
			if !rt.Symmetric || rt.Discard || !rt.NextHop.IsValid() {
				return nil
			}
			return []replyHop{{rt.Out.UUID, rt.NextHop}}
		})
		graph.Rows(g, "ECMP_Nexthop of "+s.Name, incr.Values(hops), func(r *incr.Reader, h replyHop) (*sb.ECMPNexthop, bool) {
			p, ok := incr.Get(r, ft.m.RouterPorts, h.port)
			if !ok || !incr.Has(r, enabled, struct{}{}) {
				return nil, false
			}
			row := &sb.ECMPNexthop{
				Header:   schema.Header{UUID: schema.NameUUID("ECMP_Nexthop", s.Name, h.port.String(), h.ip.String())},
				Nexthop:  h.ip.String(),
				Port:     h.port,
				Datapath: p.Router,
			}
			if _, b, ok := incr.One(r, bindings, learned{p.Name, row.Nexthop}); ok {
				row.MAC = b.MAC
			}
			return row, true
		})
	}
}
