package model

import (
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema/nb"
)

// announceOptions are what ports of switches announce for their routers.
type announceOptions struct {
	addresses              *graph.Option[string]
	withoutRouter          *graph.Option[bool]
	quietPort, quietRouter *graph.Option[bool]
}

func declareAnnouncing(g *graph.Graph) announceOptions {
	const quiet = "no gratuitous ARP, RARP and neighbour advertisement"
	return announceOptions{
		addresses: graph.String[*nb.LogicalSwitchPort](g, "options", "nat-addresses", "router, or MAC IP…",
			"for ports of type router with a gateway: what its chassis announces on the physical network beside the router's own addresses"),
		withoutRouter: graph.Bool[*nb.LogicalSwitchPort](g, "options", "exclude-router-ips-from-garp", false, "do not announce the router's own addresses"),
		quietPort:     graph.Bool[*nb.LogicalSwitchPort](g, "options", "disable_garp_rarp", false, quiet+" for the port"),
		quietRouter:   graph.Bool[*nb.LogicalRouter](g, "options", "disable_garp_rarp", false, quiet+" for the router's ports"),
	}
}

// announced is column nat_addresses of the Port_Binding of a switch's port to a
// router: "MAC IP…", behind it the gateway port's redirection, whose chassis alone
// announces. The router's own addresses are there wherever a physical network has
// to learn which chassis has them: it is one.
func (m *Model) announced(r *incr.Reader, p *SwitchPort) (all []string) {
	far, ok := m.RouterPort(r, p.Peer)
	if !ok || !far.Enabled || !p.Enabled || !m.HasLocalnet(r, p.Switch) {
		return nil
	}
	at, one := m.CentralAt(r, far), p.Chassis != ""
	if at == "" && !one {
		return nil
	}
	where := ""
	if at != "" {
		where = ` is_chassis_resident("` + at + `")`
	}
	if !m.options.announce.withoutRouter.Of(p.Options) {
		element := far.MAC.String()
		for _, n := range far.Networks {
			if !IsLinkLocal(n.Addr()) {
				element += " " + n.Addr().String()
			}
		}
		all = append(all, element+where)
	}
	if text := m.options.announce.addresses.Of(p.Options); text == allOfRouter {
		all = append(all, m.translated(r, far, where)...)
	} else if text, err := m.alsoAnnounced(p); err == nil && text != "" {
		all = append(all, text+where)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// allOfRouter is the value of nat-addresses that stands for all addresses of NAT.
const allOfRouter = "router"

// translated are the addresses of NAT that get by a router's port, those at the port's
// own Ethernet address in one element, and floating IPs with one of their own.
func (m *Model) translated(r *incr.Reader, p *RouterPort, where string) (all []string) {
	var central []netip.Addr
	for _, n := range incr.Each(r, m.NATs.OfRouter, p.Router) {
		switch {
		case n.Gateway != nil && n.Gateway.UUID != p.UUID:
		case n.Port != "":
			all = append(all, n.MAC.String()+" "+n.External.String()+` is_chassis_resident("`+n.Port+`")`)
		case !slices.Contains(central, n.External) && !p.Has(n.External):
			central = append(central, n.External)
		}
	}
	if len(central) == 0 {
		return all
	}
	element := p.MAC.String()
	for _, a := range central {
		element += " " + a.String()
	}
	return append(all, element+where)
}

// alsoAnnounced is what a port announces beside the router's own addresses.
func (m *Model) alsoAnnounced(p *SwitchPort) (string, error) {
	text := m.options.announce.addresses.Of(p.Options)
	if text == "" || text == allOfRouter {
		return "", nil
	}
	_, err := address.Parse(text)
	return text, err
}

// isQuiet tells whether nothing is announced for a port to a router.
func (m *Model) isQuiet(r *incr.Reader, p *SwitchPort) bool {
	far, ok := m.RouterPort(r, p.Peer)
	if !ok {
		return false
	}
	router, ok := incr.Get(r, m.Routers, far.Router)
	return m.options.announce.quietPort.Of(p.Options) || ok && m.options.announce.quietRouter.Of(router.Options)
}
