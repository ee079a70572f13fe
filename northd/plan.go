package northd

import (
	"github.com/weft-sdn/weft/northd/acl"
	"github.com/weft-sdn/weft/northd/bfd"
	"github.com/weft-sdn/weft/northd/bindings"
	"github.com/weft-sdn/weft/northd/dhcp"
	"github.com/weft-sdn/weft/northd/dns"
	"github.com/weft-sdn/weft/northd/gateway"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/health"
	"github.com/weft-sdn/weft/northd/l2"
	"github.com/weft-sdn/weft/northd/lb"
	"github.com/weft-sdn/weft/northd/meters"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/nat"
	"github.com/weft-sdn/weft/northd/neighbour"
	"github.com/weft-sdn/weft/northd/policy"
	"github.com/weft-sdn/weft/northd/portsec"
	"github.com/weft-sdn/weft/northd/ra"
	"github.com/weft-sdn/weft/northd/route"
	"github.com/weft-sdn/weft/northd/router"
	"github.com/weft-sdn/weft/northd/sampling"
	"github.com/weft-sdn/weft/northd/stateful"
	"github.com/weft-sdn/weft/northd/staticroute"
	"github.com/weft-sdn/weft/northd/template"
	"github.com/weft-sdn/weft/schema/nb"
)

// plan declares all there is. A feature is its package, its line here and that
// of its import. What it tells others is an argument of theirs, whose zero value
// says nothing: without the line the rest is there as before.
func plan(g *graph.Graph, limits model.Limits) *model.Model {
	elsewhere(g)
	m := model.New(g, limits)
	var limit model.Meters
	var ask model.HealthChecks
	var balance model.LoadBalancing
	var sessions model.BFDSessions
	var sample model.ACLSampling
	var known model.SwitchAddresses
	var nats model.NATs
	var adverts model.Advertisements
	var offers []model.Offers
	limit = meters.New(g, m)
	sample = sampling.New(g, m)
	known = l2.New(g, m, limit.Copp)
	portsec.New(m)
	dhcp.New(g, m, known, limit.Copp)
	dns.New(g, m, limit.Copp)
	ask = health.New(g, m, limit.Copp)
	balance = lb.New(g, m, limit.Copp, ask)
	demand := acl.New(g, m, acl.Reads{Sampling: sample, Meters: limit.Logs, Copp: limit.Copp, Balanced: balance.Switch})
	stateful.New(g, m, demand, balance.Switch)
	router.New(g, m, known, limit.Copp)
	nats = nat.New(g, m, limit.Copp, balance)
	adverts = ra.New(g, m, limit.Copp)
	bindings.New(g, m, nats, balance, adverts)
	offers = append(offers, nats.Offers...)
	offers = append(offers, balance.Offers...)
	neighbour.New(g, m, limit.Copp, offers...)
	var routes []model.RouteSource
	sessions = bfd.New(g, m, limit.Copp)
	policy.New(g, m, sessions)
	routes = append(routes, staticroute.New(g, m, sessions))
	route.New(g, m, offers, routes...)
	gateway.New(g, m, limit.Copp)
	template.New(g)
	return m
}

// elsewhere names what other parts of the daemon read: package serve.
func elsewhere(g *graph.Graph) {
	graph.Elsewhere[*nb.NBGlobal](g, "name", "nb_cfg", "nb_cfg_timestamp", "sb_cfg", "sb_cfg_timestamp", "hv_cfg", "hv_cfg_timestamp")
}
