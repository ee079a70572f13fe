package bindings

import (
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema/nb"
)

// announceOptions are what ports of switches announce for their routers.
type announceOptions struct {
	withoutRouter, withoutVIPs *graph.Option[bool]
	quietPort, quietRouter     *graph.Option[bool]
}

func declareAnnouncing(g *graph.Graph) announceOptions {
	const quiet = "no gratuitous ARP, RARP and neighbour advertisement"
	return announceOptions{
		withoutRouter: graph.Bool[*nb.LogicalSwitchPort](g, "options", "exclude-router-ips-from-garp", false, "do not announce the router's own addresses"),
		withoutVIPs:   graph.Bool[*nb.LogicalSwitchPort](g, "options", "exclude-lb-vips-from-garp", false, "with nat-addresses router: do not announce the virtual addresses of load balancers"),
		quietPort:     graph.Bool[*nb.LogicalSwitchPort](g, "options", "disable_garp_rarp", false, quiet+" for the port"),
		quietRouter:   graph.Bool[*nb.LogicalRouter](g, "options", "disable_garp_rarp", false, quiet+" for the router's ports"),
	}
}

// announced is column nat_addresses of the Port_Binding of a switch's port to a
// router: "MAC IP…", behind it the gateway port's redirection, whose chassis alone
// announces. The router's own addresses are there wherever a physical network has
// to learn which chassis has them: it is one.
func (ft *feature) announced(r *incr.Reader, p *model.SwitchPort) (all []string) {
	far, ok := ft.m.RouterPort(r, p.Peer)
	if !ok || !far.Enabled || !p.Enabled || !ft.m.HasLocalnet(r, p.Switch) {
		return nil
	}
	at, one := ft.m.CentralAt(r, far), p.Chassis != ""
	if at == "" && !one {
		return nil
	}
	where := ""
	if at != "" {
		where = ` is_chassis_resident("` + at + `")`
	}
	if !ft.announce.withoutRouter.Of(p.Options) {
		element := far.MAC.String()
		for _, n := range far.Networks {
			if !model.IsLinkLocal(n.Addr()) {
				element += " " + n.Addr().String()
			}
		}
		all = append(all, element+where)
	}
	switch p.Announces {
	case "":
	case model.AllOfRouter:
		all = append(all, ft.translated(r, far, where, ft.virtual(r, p, far))...)
	default:
		all = append(all, p.Announces+where)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// virtual are the virtual addresses of load balancers that a router's port announces.
func (ft *feature) virtual(r *incr.Reader, p *model.SwitchPort, far *model.RouterPort) []netip.Addr {
	if ft.balance.Answered == nil || ft.announce.withoutVIPs.Of(p.Options) {
		return nil
	}
	return ft.balance.Answered(r, far)
}

// translated are the addresses of NAT that get by a router's port, those at the port's
// own Ethernet address in one element, with some more, and floating IPs with one of
// their own.
func (ft *feature) translated(r *incr.Reader, p *model.RouterPort, where string, more []netip.Addr) (all []string) {
	var central []netip.Addr
	for _, n := range ft.nats.Of(r, p.Router) {
		switch {
		case n.Gateway != nil && n.Gateway.UUID != p.UUID:
		case n.Port != "":
			all = append(all, n.MAC.String()+" "+n.External.String()+` is_chassis_resident("`+n.Port+`")`)
		case !slices.Contains(central, n.External) && !p.Has(n.External):
			central = append(central, n.External)
		}
	}
	for _, ip := range more {
		if !slices.Contains(central, ip) {
			central = append(central, ip)
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

// isQuiet tells whether nothing is announced for a port to a router.
func (ft *feature) isQuiet(r *incr.Reader, p *model.SwitchPort) bool {
	far, ok := ft.m.RouterPort(r, p.Peer)
	if !ok {
		return false
	}
	router, ok := incr.Get(r, ft.m.Routers, far.Router)
	return ft.announce.quietPort.Of(p.Options) || ok && ft.announce.quietRouter.Of(router.Options)
}
