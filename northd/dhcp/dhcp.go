package dhcp

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

const name = "dhcp"

// feature is what the files of this package share.
type feature struct {
	copp      model.CoppMeter
	known     model.SwitchAddresses
	mac       *graph.Option[string]
	stateless *graph.Option[bool]
	hostname  *graph.Option[string]
	rows      *graph.RowTable[*nb.DHCPOptions]
	ports     *graph.RowTable[*nb.LogicalSwitchPort]
	leases    *incr.Table[schema.UUID, *lease]
}

// New declares DHCP. Known tells of addresses on switches, copp has the meters of what
// is sent to agents.
func New(g *graph.Graph, m *model.Model, known model.SwitchAddresses, copp model.CoppMeter) {
	ft := &feature{copp: copp, known: known, rows: graph.Read[*nb.DHCPOptions](g, "cidr")}
	ft.ports = graph.Read[*nb.LogicalSwitchPort](g, "dhcpv4_options", "dhcpv6_options")
	ft.declareOptions(g)
	ft.leases = graph.Table(g, "DHCP options", incr.Keys(ft.rows), ft.read)
	graph.ProblemsOf(g, ft.leases, func(l *lease) []graph.Problem { return l.Problems })
	m.AllSwitches.Write(name, func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		f.Pass(pipeline.LSInDHCPOptions, pipeline.LSInDHCPResponse)
	})
	m.SwitchPortFlows.Write(name, ft.answer)
	list(g, m)
}

// list declares the southbound rows that tell clients which options there are.
func list(g *graph.Graph, m *model.Model) {
	of := func(all []lflow.DHCPOption) func(struct{}, map[string]string) []lflow.DHCPOption {
		return func(struct{}, map[string]string) []lflow.DHCPOption { return all }
	}
	v4 := incr.NewIndex(m.Options, "DHCPv4 options", of(lflow.DHCPOptions()))
	v6 := incr.NewIndex(m.Options, "DHCPv6 options", of(lflow.DHCPv6Options()))
	graph.Rows(g, table, incr.Values(v4), func(_ *incr.Reader, o lflow.DHCPOption) (*sb.DHCPOptions, bool) {
		return &sb.DHCPOptions{Header: schema.Header{UUID: schema.NameUUID(table, o.Name)}, Name: o.Name, Code: int64(o.Code), Type: string(o.Type)}, true
	})
	const table6 = "DHCPv6_Options"
	graph.Rows(g, table6, incr.Values(v6), func(_ *incr.Reader, o lflow.DHCPOption) (*sb.DHCPv6Options, bool) {
		return &sb.DHCPv6Options{Header: schema.Header{UUID: schema.NameUUID(table6, o.Name)}, Name: o.Name, Code: int64(o.Code), Type: string(o.Type)}, true
	})
}

// answer writes that a VM's requests are answered, by each of its Ethernet addresses with
// the first IP address that it has in the network of the options.
func (ft *feature) answer(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	row, ok := incr.Get(r, ft.ports, p.UUID)
	if !ok || p.Type != "" || !p.Enabled {
		return
	}
	for _, of := range []struct {
		column string
		lease  *schema.UUID
		v6     bool
	}{{"dhcpv4_options", row.DHCPv4Options, false}, {"dhcpv6_options", row.DHCPv6Options, true}} {
		if of.lease == nil {
			continue
		}
		l, ok := incr.Get(r, ft.leases, *of.lease)
		switch {
		case !ok || !l.Network.IsValid():
			continue
		case l.Network.Addr().Is6() != of.v6:
			f.Problem(of.column, "the options are those of "+l.Network.String()+", which is of the other family")
			continue
		case l.Silent:
			continue
		}
		found := false
		for _, a := range p.Addresses {
			ip, ok := within(a, l.Network)
			if found = found || ok; !ok {
				continue
			}
			if of.v6 {
				ft.answer6(r, f, p, l, a.MAC, ip)
			} else {
				ft.answer4(r, f, p, l, a.MAC, ip)
			}
		}
		if !found {
			f.Problem(of.column, "the port has no address in "+l.Network.String()+": no answers")
		}
	}
}

// within is the first IP address that is in a network.
func within(a model.Address, n netip.Prefix) (netip.Addr, bool) {
	for _, ip := range a.IPs {
		if n.Contains(ip.Addr()) {
			return ip.Addr(), true
		}
	}
	return netip.Addr{}, false
}

// Ports of UDP: RFC 2131, section 4.1, and RFC 8415, section 7.2.
var (
	udpSrc, udpDst = lflow.F("udp.src"), lflow.F("udp.dst")
	client         = map[bool]int{false: 68, true: 546}
	server         = map[bool]int{false: 67, true: 547}
)

// answer4 writes the answers of DHCPv4: OVN's flows, but for ARP.
func (ft *feature) answer4(r *incr.Reader, f *graph.Flows, p *model.SwitchPort, l *lease, mac lflow.MAC, offer netip.Addr) {
	options := l.Options
	if text := ft.hostname.Of(p.Options); text != "" {
		v, err := lflow.ParseDHCPValue(false, keyHostname, text)
		if err != nil {
			f.Problem("options", keyHostname+": "+err.Error())
		} else {
			options = with(options, v)
		}
	}
	options = append([]lflow.DHCPValue{lflow.DHCPValueOf(false, keyOffer, offer)}, options...)
	asks := lflow.And(lflow.Eq(lflow.IP4Src, offer, netip.IPv4Unspecified()), lflow.Eq(lflow.IP4Dst, l.Server, broadcast))
	ft.exchange(r, f, p, l, mac, asks, lflow.PutDHCP{Options: options})
	if ft.known.HasNobody(r, p.Switch, l.Server) {
		f.Add(pipeline.LSInARPRsp, 20, lflow.And(lflow.Eq(lflow.Inport, p.Name), lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.ARPTPA, l.Server)), model.AnswerARP(l.MAC)...)
	}
}

var (
	broadcast  = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	allServers = netip.MustParseAddr("ff02::1:2") // RFC 8415, section 7.1
)

// answer6 writes those of DHCPv6.
func (ft *feature) answer6(r *incr.Reader, f *graph.Flows, p *model.SwitchPort, l *lease, mac lflow.MAC, offer netip.Addr) {
	options := l.Options
	if !l.Stateless {
		options = append([]lflow.DHCPValue{lflow.DHCPValueOf(true, keyAddress, offer)}, options...)
	}
	ft.exchange(r, f, p, l, mac, lflow.Eq(lflow.IP6Dst, allServers), lflow.PutDHCP{V6: true, Options: options})
}

// exchange writes that an agent makes a request the answer, which goes back as the
// server's, past ACLs.
func (ft *feature) exchange(r *incr.Reader, f *graph.Flows, p *model.SwitchPort, l *lease, mac lflow.MAC, asks *lflow.Expr, put lflow.PutDHCP) {
	v6 := put.V6
	fam, protocol := model.FamilyOf(l.Server), map[bool]string{false: "dhcpv4-opts", true: "dhcpv6-opts"}[v6]
	from := lflow.And(lflow.Eq(lflow.Inport, p.Name), lflow.Eq(lflow.EthSrc, mac))
	ports := lflow.And(lflow.Eq(udpSrc, client[v6]), lflow.Eq(udpDst, server[v6]))
	put.Dst = pipeline.LField(pipeline.DHCPAnswered)
	f.Meter = ft.copp.Of(r, p.Switch, protocol)
	f.Add(pipeline.LSInDHCPOptions, 100, lflow.And(from, asks, ports), put, lflow.Next{})
	f.Meter = ""
	back := []lflow.Action{lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc}, lflow.SetTo(lflow.EthSrc, l.MAC)}
	if v6 {
		back = append(back, lflow.Move{Dst: fam.Dst, Src: fam.Src})
	}
	back = append(back, lflow.SetTo(fam.Src, l.Server), lflow.SetTo(udpSrc, server[v6]), lflow.SetTo(udpDst, client[v6]))
	f.Add(pipeline.LSInDHCPResponse, 100, lflow.And(from, lflow.Bool(fam.Is), ports, pipeline.Is(pipeline.DHCPAnswered)), append(back, model.SendBack()...)...)
	f.Add(pipeline.LSOutACLEval, 34000, lflow.And(lflow.Eq(lflow.Outport, p.Name), lflow.Eq(lflow.EthSrc, l.MAC), lflow.Eq(fam.Src, l.Server),
		lflow.Eq(udpSrc, server[v6]), lflow.Eq(udpDst, client[v6])), pipeline.Set(pipeline.VerdictAllow), lflow.Next{})
}
