package ra

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const (
	name   = "ra"
	table  = "Logical_Router_Port"
	column = "ipv6_ra_configs"
)

// feature is what the files of this package share.
type feature struct {
	m       *model.Model
	copp    model.CoppMeter
	ports   *graph.RowTable[*nb.LogicalRouterPort]
	adverts *incr.Table[schema.UUID, *advert]

	mode, preference, rdnss, dnssl, routes *graph.Option[string]
	mtu, least, most                       *graph.Option[int]
	periodic                               *graph.Option[bool]
}

// advert is what a port advertises.
type advert struct {
	Options  []lflow.RAOption
	Told     map[string]string // to agents, of what is sent unasked
	Problems []graph.Problem
}

// New declares router advertisements; copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) model.Advertisements {
	ft := &feature{m: m, copp: copp, ports: graph.Read[*nb.LogicalRouterPort](g)}
	ft.declareOptions(g)
	ft.adverts = graph.Table(g, "router advertisement", incr.Keys(m.RouterPorts), ft.read)
	graph.ProblemsOf(g, ft.adverts, func(a *advert) []graph.Problem { return a.Problems })
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Pass(pipeline.LRInNDRAOptions, pipeline.LRInNDRAResponse)
	})
	m.RouterPortFlows.Write(name, ft.answer)
	return func(r *incr.Reader, port schema.UUID) map[string]string {
		a, ok := incr.Get(r, ft.adverts, port)
		if !ok {
			return nil
		}
		return a.Told
	}
}

func (ft *feature) declareOptions(g *graph.Graph) {
	text := func(key, kind, doc string) *graph.Option[string] {
		return graph.String[*nb.LogicalRouterPort](g, column, key, kind, doc)
	}
	number := func(key string, value, lo, hi int, fallback, doc string) *graph.Option[int] {
		return graph.Int[*nb.LogicalRouterPort](g, column, key, value, lo, hi, fallback, doc)
	}
	ft.mode = text("address_mode", "slaac, dhcpv6_stateful or dhcpv6_stateless", "how hosts get addresses; without it nothing is advertised")
	ft.preference = text("router_preference", "HIGH, MEDIUM or LOW", "before or behind other routers: RFC 4191")
	ft.rdnss = text("rdnss", "IPv6 addresses", "DNS servers: RFC 8106")
	ft.dnssl = text("dnssl", "names", "domains in which names are looked up, comma separated: RFC 8106")
	ft.routes = text("route_info", "such as HIGH-aef0::/48", "networks behind the router, comma separated, each with its preference: RFC 4191")
	ft.mtu = number("mtu", 0, 1280, 65535, "none", "the size of packets on the link")
	ft.periodic = graph.Bool[*nb.LogicalRouterPort](g, column, "send_periodic", false, "advertise unasked, too")
	ft.most = number("max_interval", 600, 4, 1800, "", "seconds between two advertisements that are sent unasked, at most")
	ft.least = number("min_interval", 0, 3, 1350, "a third of max_interval, of less than 9 three quarters", "the same at least; at most three quarters of max_interval")
}

// read is the row function of table "router advertisement".
func (ft *feature) read(r *incr.Reader, id schema.UUID) (*advert, bool) {
	p, _ := incr.Get(r, ft.m.RouterPorts, id)
	row, ok := incr.Get(r, ft.ports, id)
	if !ok || p == nil || len(row.IPv6RAConfigs) == 0 {
		return nil, false
	}
	e := &graph.RowProblems{Table: table, Row: id, Name: row.Name}
	a := &advert{}
	configs := row.IPv6RAConfigs
	periodic := ft.periodic.Read(configs, e)
	least, most := ft.intervals(configs, e)
	if ft.mode.Of(configs) != "" {
		a.options(ft, p, configs, e)
		if len(a.Options) > 0 && periodic && p.Enabled {
			a.tell(ft, p, configs, least, most)
		}
	}
	a.Problems = e.List
	return a, true
}

// intervals are those between what is sent unasked: RFC 4861, section 6.2.1.
func (ft *feature) intervals(configs map[string]string, e *graph.RowProblems) (least, most int) {
	most = ft.most.Read(configs, e)
	least = ft.least.Read(configs, e)
	if least > most*3/4 {
		e.Problem(column, "min_interval: "+strconv.Itoa(least)+" is more than three quarters of max_interval, "+strconv.Itoa(most))
		least = 0
	}
	switch {
	case least != 0:
	case most < 9:
		least = most * 3 / 4
	default:
		least = most / 3
	}
	return least, most
}

// options reads what is advertised. Options that cannot be read are left out; without a
// mode there are none.
func (a *advert) options(ft *feature, p *model.RouterPort, configs map[string]string, e *graph.RowProblems) {
	var all []lflow.RAOption
	add := func(key, option string, values ...any) bool {
		o := lflow.RAOption{Name: option}
		for _, v := range values {
			o.Values = append(o.Values, lflow.ConstantOf(v))
		}
		err := o.Check()
		if err != nil {
			e.Problem(column, key+": "+err.Error())
			return false
		}
		all = append(all, o)
		return true
	}
	text := func(o *graph.Option[string]) {
		if value := o.Of(configs); value != "" {
			add(o.Key(), o.Key(), value)
		}
	}
	mode := ft.mode.Of(configs)
	if !add("address_mode", "addr_mode", mode) {
		return
	}
	networks := p.Subnets(model.FamilyOf(netip.IPv6Unspecified()), false)
	if len(networks) == 0 && mode != managed {
		e.Problem(column, "address_mode: the port has no IPv6 network that hosts could take addresses from")
		return
	}
	add("", "slla", p.MAC)
	if mtu := ft.mtu.Read(configs, e); mtu != 0 {
		add("mtu", "mtu", mtu)
	}
	text(ft.preference)
	if value := ft.rdnss.Of(configs); value != "" {
		add("rdnss", "rdnss", addresses(value)...)
	}
	text(ft.dnssl)
	text(ft.routes)
	for _, n := range networks {
		add("", "prefix", n.Masked())
	}
	a.Options = all
}

// managed is the mode in which hosts make no addresses themselves.
const managed = "dhcpv6_stateful"

// addresses are those of a list; what is none stays a text.
func addresses(list string) (all []any) {
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		if ip, err := netip.ParseAddr(word); err == nil && ip.Zone() == "" {
			all = append(all, ip)
		} else {
			all = append(all, word)
		}
	}
	return all
}

// tell tells agents what to send unasked, with OVN's names.
func (a *advert) tell(ft *feature, p *model.RouterPort, configs map[string]string, least, most int) {
	a.Told = map[string]string{
		"ipv6_ra_send_periodic": "true",
		"ipv6_ra_min_interval":  strconv.Itoa(least),
		"ipv6_ra_max_interval":  strconv.Itoa(most),
		"ipv6_ra_src_eth":       p.MAC.String(),
		"ipv6_ra_src_addr":      address.LinkLocal(p.MAC).String(),
	}
	var prefixes []string
	for _, o := range a.Options {
		switch o.Name {
		case "addr_mode":
			a.Told["ipv6_ra_address_mode"] = o.Values[0].Str
		case "mtu":
			a.Told["ipv6_ra_mtu"] = strconv.Itoa(ft.mtu.Of(configs))
		case "router_preference":
			a.Told["ipv6_ra_prf"] = o.Values[0].Str
		case "rdnss":
			a.Told["ipv6_ra_rdnss"] = ft.rdnss.Of(configs)
		case "dnssl", "route_info":
			a.Told["ipv6_ra_"+o.Name] = o.Values[0].Str
		}
	}
	for _, n := range p.Subnets(model.FamilyOf(netip.IPv6Unspecified()), false) {
		prefixes = append(prefixes, n.Masked().String())
	}
	if len(prefixes) > 0 {
		a.Told["ipv6_ra_prefixes"] = strings.Join(prefixes, " ")
	}
}

// allRouters and allNodes are groups of a link: RFC 4291, section 2.7.1.
var (
	allRouters = netip.IPv6LinkLocalAllRouters()
	allNodes   = netip.IPv6LinkLocalAllNodes()
)

// answer writes that who solicits is told: OVN's flows, and that a host without an address
// is told as all are.
func (ft *feature) answer(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	a, ok := incr.Get(r, ft.adverts, p.UUID)
	if !ok || len(a.Options) == 0 || !p.Enabled {
		return
	}
	at := lflow.And(lflow.Eq(lflow.Inport, p.Name), lflow.Eq(lflow.IP6Dst, allRouters))
	f.Meter = ft.copp.Of(r, p.Router, "nd-ra-opts")
	f.Add(pipeline.LRInNDRAOptions, 50, lflow.And(at, lflow.Bool(lflow.NDRS)), lflow.PutNDRA{Dst: pipeline.LField(pipeline.RAAnswered), Options: a.Options}, lflow.Next{})
	f.Meter = ""
	done := lflow.And(at, lflow.Bool(lflow.NDRA), pipeline.Is(pipeline.RAAnswered))
	from := []lflow.Action{lflow.SetTo(lflow.EthSrc, p.MAC), lflow.SetTo(lflow.IP6Src, address.LinkLocal(p.MAC))}
	f.Add(pipeline.LRInNDRAResponse, 60, lflow.And(done, lflow.Eq(lflow.IP6Src, netip.IPv6Unspecified())), slices.Concat(
		[]lflow.Action{lflow.SetTo(lflow.EthDst, lflow.MAC{0x33, 0x33, 0, 0, 0, 1}), lflow.SetTo(lflow.IP6Dst, allNodes)}, from, model.SendBack())...)
	f.Add(pipeline.LRInNDRAResponse, 50, done, slices.Concat(
		[]lflow.Action{lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc}, lflow.Move{Dst: lflow.IP6Dst, Src: lflow.IP6Src}}, from, model.SendBack())...)
}
