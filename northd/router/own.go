package router

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// Packets to the router's own addresses: questions for its Ethernet address
// and pings are answered, of the rest the sender is told that nobody is there.
// OVN has all of these flows for each address. Here a port's addresses have one,
// which marks a packet, and the answers are the same for all of them.

// dropOwnSources drops packets that claim to come from the router, or from a
// broadcast address. A network of 31 bits has none: RFC 3021. What tells of another
// packet begins anew, and does come from the router.
func dropOwnSources(f *graph.Flows, p *model.RouterPort) {
	var sources []netip.Addr
	for _, n := range p.OfFamily(false) {
		sources = append(sources, n.Addr())
		if n.Bits() < 31 {
			sources = append(sources, broadcast(n))
		}
	}
	if len(sources) > 0 {
		f.Add(pipeline.LRInIPInput, 100, lflow.And(lflow.OneOf(lflow.IP4Src, sources), pipeline.IsNot(pipeline.EgressLoopback)), lflow.Drop{})
	}
}

// broadcast is the last address of an IPv4 network.
func broadcast(n netip.Prefix) netip.Addr {
	a := n.Addr().As4()
	for i := n.Bits(); i < 32; i++ {
		a[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(a)
}

// answerQuestions answers ARP requests and neighbour solicitations that come
// in by the port, unless its switch does: ARP from its networks only, but where
// hosts outside ask, which may have addresses of other ones. Of a gateway port its
// chassis does, so that others see one answer, and learn where it is.
func (ft *feature) answerQuestions(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	here := lflow.And(lflow.Eq(lflow.Inport, p.Name), model.Resident(ft.m.CentralAt(r, p)))
	outside := ft.m.IsCentral(r, p.Router)
	for _, n := range p.OfFamily(false) {
		if ft.answers.AnswersAll(r, p, n.Addr()) {
			continue
		}
		asked := lflow.And(here, lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.ARPTPA, n.Addr()))
		if !outside {
			asked = lflow.And(asked, lflow.Eq(lflow.ARPSPA, n.Masked()))
		}
		f.Add(pipeline.LRInIPInput, 90, asked, model.AnswerARP(p.MAC)...)
	}
	for _, n := range p.OfFamily(true) {
		a := n.Addr()
		if ft.answers.AnswersAll(r, p, a) {
			continue
		}
		asked := lflow.And(here, lflow.Eq(lflow.IP6Dst, a, model.SolicitedNode(a)), lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDTarget, a))
		ft.metered(r, f, p.Router, "nd-na", 90, asked, model.AnswerND(lflow.NestNDNARouter, p.MAC))
	}
}

// own marks packets to the port's addresses, whatever port they come in by; then
// the stage looks at them again.
func own(f *graph.Flows, p *model.RouterPort, fam *model.Family) {
	if addrs := p.Addresses(fam); len(addrs) > 0 {
		again(f, 90, lflow.And(lflow.OneOf(fam.Dst, addrs), pipeline.IsNot(pipeline.OfOthersToo)), pipeline.OwnAddress)
	}
}

// again gives packets a bit, with which the stage looks at them once more.
func again(f *graph.Flows, priority uint16, match *lflow.Expr, bit string) {
	f.Add(pipeline.LRInIPInput, priority, lflow.And(match, pipeline.IsNot(bit)), pipeline.Set(bit), pipeline.Jump(pipeline.LRInIPInput))
}

// answers is what routers differ in when a packet is for them: the meters of
// what they send to agents. A router that has to do with a gateway is Silent: what
// is for it may belong to connections that it translates.
type answers struct {
	Silent                           bool
	ICMP4Error, ICMP6Error, TCPReset string
}

func (ft *feature) answersOf(r *incr.Reader, router schema.UUID) (answers, bool) {
	if ft.m.IsCentral(r, router) {
		return answers{Silent: true}, true
	}
	meter := func(protocol string) string { return ft.copp.Of(r, router, protocol) }
	return answers{false, meter("icmp4-error"), meter("icmp6-error"), meter("tcp-reset")}, true
}

// answer answers pings of the router's addresses, and refuses the rest. Fragments
// that do not show what they belong to are dropped.
func answer(_ *incr.Reader, f *graph.Flows, a answers) {
	mine := pipeline.Is(pipeline.OwnAddress)
	for _, fam := range model.Families() {
		f.Add(pipeline.LRInIPInput, 90, lflow.And(mine, lflow.Eq(fam.Type, fam.EchoRequest), lflow.Eq(fam.Code, 0)),
			lflow.Exchange{A: fam.Dst, B: fam.Src}, lflow.SetTo(lflow.IPTTL, 255), lflow.SetTo(fam.Type, fam.EchoReply), pipeline.Set(pipeline.RouterLoopback), lflow.Next{})
		if !a.Silent {
			a.refuse(f, fam)
		}
	}
	f.Add(pipeline.LRInIPInput, 60, mine, lflow.Drop{})
}

// refuse tells the sender that nobody is there.
func (a answers) refuse(f *graph.Flows, fam *model.Family) {
	of := func(what ...*lflow.Expr) *lflow.Expr {
		return lflow.And(append(what, pipeline.Is(pipeline.OwnAddress), lflow.Bool(fam.Is), lflow.Not(lflow.Bool(laterFrag)))...)
	}
	turn := lflow.Actions{lflow.Exchange{A: lflow.EthDst, B: lflow.EthSrc}, lflow.Exchange{A: fam.Dst, B: fam.Src},
		pipeline.Set(pipeline.RouterLoopback), pipeline.Clear(pipeline.OwnAddress)}
	add := func(meter string, priority uint16, match *lflow.Expr, kind lflow.NestedKind, more ...lflow.Action) {
		f.Meter = meter
		f.Add(pipeline.LRInIPInput, priority, match, lflow.Nested{Kind: kind, Actions: append(append(turn[:len(turn):len(turn)], more...), lflow.Next{})})
		f.Meter = ""
	}
	unreachable := func(priority uint16, match *lflow.Expr, code int) {
		meter := a.ICMP4Error
		if fam.V6 {
			meter = a.ICMP6Error
		}
		add(meter, priority, match, fam.Error, lflow.SetTo(lflow.IPTTL, 255), lflow.SetTo(fam.Type, fam.Unreachable), lflow.SetTo(fam.Code, code))
	}
	unreachable(80, of(lflow.Bool(lflow.UDP)), fam.BadPort)
	add(a.TCPReset, 80, of(lflow.Bool(lflow.TCP)), lflow.NestTCPReset)
	add(a.TCPReset, 80, of(lflow.Bool(lflow.SCTP)), lflow.NestSCTPAbort)
	unreachable(70, of(), fam.BadProtocol)
}
