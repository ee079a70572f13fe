package lb

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	addresses "github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// balancer is a row of Load_Balancer: ovn-nb(5).
type balancer struct {
	Name     string
	VIPs     map[string]*vip // by what column vips calls them, in its form
	Problems []graph.Problem

	Distributed bool
}

// vip is a virtual address with its backends.
type vip struct {
	virtual
	Balancer schema.UUID
	Name     string // of the load balancer
	Text     string // in column vips
	Backends []lflow.Backend
	All      []lflow.Backend // with those that a health check has left out; nil without one
	Template *template       // where there are variables; Backends are none then
	settings
}

// virtual is what a VIP takes in: all of an address, or a port of it.
type virtual struct {
	Addr  netip.Addr
	Port  uint16 // 0 is all ports and protocols
	Proto string // tcp, udp or sctp; "" without a port
	// Variables is the text of one that holds template variables, in place of Addr and
	// Port.
	Variables string
}

func (v virtual) String() string {
	if v.Variables != "" {
		return strings.TrimSpace(v.Proto + " " + v.Variables)
	}
	if v.Port == 0 {
		return v.Addr.String()
	}
	return v.Proto + " " + netip.AddrPortFrom(v.Addr, v.Port).String()
}

// settings are what the VIPs of a load balancer have in common.
type settings struct {
	HashFields         string     // comma separated; "" is the switch's choice
	Affinity           int        // seconds for which a client keeps its backend; 0 is not at all
	Flush              bool       // connections end with their backend
	Reject             bool       // without backends, clients are refused
	Event              bool       // without backends, and if they are not refused, agents tell of clients
	SkipSNAT           bool       // routers leave the source as it is
	Distributed        bool       // each chassis sends what it gets to backends of its own
	Stateless          bool       // routers with several gateway ports remember no connections
	AddRoute           bool       // other routers on the switches of its routers know VIPs
	Template, V6       bool       // entries may hold variables, of that family
	Answers            string     // which routers answer for the addresses: see answersAll
	Hairpin4, Hairpin6 netip.Addr // whom a backend sees as sender that calls itself; the VIP if they are not valid
}

// v6 tells whether the VIP is one of IPv6.
func (v *vip) v6() bool {
	if v.Template != nil {
		return v.Template.V6
	}
	return v.Addr.Is6()
}

// hairpinFrom is whom a backend sees as sender that calls itself.
func (v *vip) hairpinFrom() netip.Addr {
	if from := v.hairpinGiven(); from.IsValid() {
		return from
	}
	return v.Addr
}

// hairpinGiven is that of option hairpin_snat_ip, if there is one.
func (v *vip) hairpinGiven() netip.Addr {
	if v.v6() {
		return v.Hairpin6
	}
	return v.Hairpin4
}

// options are those of Load_Balancer.
type options struct {
	reject, event, skipSNAT, flush, template, addRoute, distributed, stateless *graph.Option[bool]
	hairpin, answers, family                                                   *graph.Option[string]
	affinity                                                                   *graph.Option[int]
}

func declareOptions(g *graph.Graph) options {
	return options{
		affinity: graph.Int[*nb.LoadBalancer](g, "options", "affinity_timeout", 0, 1, 65535, "none",
			"seconds for which a client keeps its backend after it has begun a connection"),
		flush:  graph.Bool[*nb.LoadBalancer](g, "options", "ct_flush", false, "connections to a backend end when a VIP has it no more, or when its health check says that it does not serve"),
		reject: graph.Bool[*nb.LoadBalancer](g, "options", "reject", false, "clients of a VIP without backends are refused: TCP reset, ICMP port unreachable"),
		event: graph.Bool[*nb.LoadBalancer](g, "options", "event", false,
			"clients of a VIP without backends make a row of Controller_Event in the Southbound database, unless they are refused; not of templates"),
		skipSNAT: graph.Bool[*nb.LoadBalancer](g, "options", "skip_snat", false,
			"on gateway routers: the source stays as it is, whatever lb_force_snat_ip and NAT say"),
		hairpin: graph.String[*nb.LoadBalancer](g, "options", "hairpin_snat_ip", "IP…",
			"whom a backend sees as sender that calls its own VIP, one address of a family; the VIP"),
		answers: graph.String[*nb.LoadBalancer](g, "options", "neighbor_responder", "all, reachable or none",
			"for which VIPs routers answer questions of neighbours: for all, for those in a network of one of their ports, or for none; reachable, of templates none"),
		addRoute: graph.Bool[*nb.LoadBalancer](g, "options", "add_route", false,
			"the other routers on switches of a router with the VIPs route to them, and know their Ethernet address; not of templates"),
		distributed: graph.Bool[*nb.LoadBalancer](g, "options", "distributed", false,
			"each chassis sends what comes in there to those of the backends that are there, of which ip_port_mappings says; also by the gateway ports of routers, whichever chassis has these; not of templates"),
		stateless: graph.Bool[*nb.LoadBalancer](g, "options", "use_stateless_nat", false,
			"on routers with several gateway ports, packets of one connection may come in and leave by different ones: each packet is sent to a backend by its own addresses and ports, and no connection is remembered; fragments but the first, and ICMP errors, are not translated; not of templates, nor with distributed"),
		template: graph.Bool[*nb.LoadBalancer](g, "options", "template", false,
			"VIPs and backends may hold template variables, ^VARIABLE, of which each chassis has its own values in Chassis_Template_Var"),
		family: graph.String[*nb.LoadBalancer](g, "options", "address-family", "ipv4 or ipv6", "of the variables of a template; ipv4"),
	}
}

// parse is the row function of table "load balancer".
func (ft *feature) parse(r *incr.Reader, id schema.UUID) (*balancer, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	if !ok {
		return nil, false
	}
	p := &graph.RowProblems{Table: "Load_Balancer", Row: id, Name: row.Name}
	proto := "tcp"
	if row.Protocol != nil {
		proto = *row.Protocol
	}
	s := ft.settingsOf(r, row, p)
	b := &balancer{Name: row.Name, VIPs: map[string]*vip{}, Distributed: s.Distributed}
	taken := map[virtual]string{}
	for _, text := range slices.Sorted(maps.Keys(row.VIPs)) {
		v := &vip{Balancer: id, Name: row.Name, Text: text, settings: s}
		ok := false
		if s.Template && isTemplate(text, row.VIPs[text]) {
			ok = v.parseTemplate(proto, row.VIPs[text], s.V6, p)
		} else {
			ok = v.parse(proto, row.VIPs[text], p)
		}
		if !ok {
			continue
		}
		if first, twice := taken[v.virtual]; twice {
			p.Problem("vips", strconv.Quote(text)+" is "+strconv.Quote(first)+" again")
			continue
		}
		taken[v.virtual] = text
		b.VIPs[text] = v
	}
	if s.Template && s.Affinity > 0 {
		p.Problem("options", "affinity_timeout: a template chooses by the client's address, which keeps its backend for as long as the backends stay")
	}
	b.Problems = p.List
	return b, true
}

func (ft *feature) settingsOf(r *incr.Reader, row *nb.LoadBalancer, p *graph.RowProblems) settings {
	s := settings{
		HashFields:  strings.Join(row.SelectionFields, ","),
		Affinity:    ft.options.affinity.Read(row.Options, p),
		Flush:       ft.options.flush.Read(row.Options, p),
		Reject:      ft.options.reject.Read(row.Options, p),
		Event:       ft.options.event.Read(row.Options, p) || incr.Has(r, ft.events, struct{}{}),
		SkipSNAT:    ft.options.skipSNAT.Read(row.Options, p),
		AddRoute:    ft.options.addRoute.Read(row.Options, p),
		Template:    ft.options.template.Read(row.Options, p),
		Distributed: ft.options.distributed.Read(row.Options, p),
		Stateless:   ft.options.stateless.Read(row.Options, p),
	}
	if s.Template && s.Distributed {
		p.Problem("options", "distributed: each chassis has its own backends of a template anyway: ip_port_mappings does not count")
		s.Distributed = false
	}
	switch {
	case s.Stateless && s.Template:
		p.Problem("options", "use_stateless_nat: not of templates: connections are remembered")
		s.Stateless = false
	case s.Stateless && s.Distributed:
		p.Problem("options", "use_stateless_nat: with distributed a connection stays on its chassis: it is remembered there")
		s.Stateless = false
	}
	usual := answersReachable
	if s.Template {
		usual = answersNone
	}
	s.Answers = cmp.Or(ft.options.answers.Of(row.Options), usual)
	switch family := ft.options.family.Of(row.Options); family {
	case "", "ipv4":
	case "ipv6":
		s.V6 = true
	default:
		p.Problem("options", "address-family: "+strconv.Quote(family)+" is neither ipv4 nor ipv6")
	}
	switch s.Answers {
	case answersAll, answersReachable, answersNone:
	default:
		p.Problem("options", "neighbor_responder: "+strconv.Quote(s.Answers)+" is none of all, reachable, none")
		s.Answers = usual
	}
	of, bad := model.ByFamily(ft.options.hairpin.Of(row.Options))
	if bad != "" {
		p.Problem("options", "hairpin_snat_ip: "+strconv.Quote(bad)+" is not an IP address, or not the only one of its family")
	}
	s.Hairpin4, s.Hairpin6 = of[false], of[true]
	return s
}

// parse reads a key of column vips, "IP" or "IP:port", and its value, which is the
// backends, separated by commas.
func (v *vip) parse(proto, backends string, p *graph.RowProblems) bool {
	at, ok := addresses.Endpoint(v.Text)
	if !ok {
		p.Problem("vips", strconv.Quote(v.Text)+" is not IP:port, [IPv6]:port or the IP address of a host")
		return false
	}
	v.virtual = virtual{Addr: at.Addr(), Port: at.Port()}
	if at.Port() != 0 {
		v.Proto = proto
	}
	for text := range strings.SplitSeq(backends, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		b, ok := addresses.Endpoint(text)
		switch {
		case !ok:
			p.Problem("vips", "backend "+strconv.Quote(text)+" of "+v.Text+" is not IP:port, [IPv6]:port or the IP address of a host")
			continue
		case b.Addr().Is4() != v.Addr.Is4():
			p.Problem("vips", "backend "+text+" of "+v.Text+" is of the other family")
			continue
		case v.Port == 0 && b.Port() != 0:
			p.Problem("vips", "backend "+text+" of "+v.Text+" gets packets at the port that they are for: without a port of the VIP that of backends does not count")
			b = netip.AddrPortFrom(b.Addr(), 0)
		case v.Proto == "sctp" && b.Port() != 0 && b.Port() != v.Port:
			p.Problem("vips", "backend "+text+" of "+v.Text+" gets packets at port "+strconv.Itoa(int(v.Port))+": switches do not change ports of SCTP")
		}
		v.Backends = append(v.Backends, lflow.Backend{IP: b.Addr(), Port: b.Port()})
	}
	return true
}
