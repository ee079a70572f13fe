package lb

import (
	"cmp"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// On a router with several gateway ports what a client sends may come in on one chassis,
// and what is answered leave on another, where nobody knows of the connection. With option
// use_stateless_nat nobody needs to: each packet finds its backend by a hash of its own
// fields, which is the same on all chassis, and each answer of a backend is from the VIP.

// statelessFields are what backends are chosen by, if nothing else is said.
const statelessFields = "ip_proto,ip_src,ip_dst,tp_src,tp_dst"

// statelessOn tells whether a router balances a VIP without connection tracking.
func (ft *feature) statelessOn(r *incr.Reader, v *vip, router schema.UUID) bool {
	return v.Stateless && len(ft.m.GatewayPorts(r, router)) > 1
}

// answering is a backend on a router, as who answers.
type answering struct {
	router schema.UUID
	proto  string
	at     netip.AddrPort
}

func (a answering) Compare(o answering) int {
	return cmp.Or(a.router.Compare(o.router), cmp.Compare(a.proto, o.proto), a.at.Compare(o.at))
}

// answers is a backend of the VIP as who answers.
func (v *vip) answers(router schema.UUID, b lflow.Backend) answering {
	return answering{router, v.Proto, netip.AddrPortFrom(b.IP, v.portOf(b))}
}

// declareStateless finds VIPs without connection tracking by their backends: what one
// backend answers can be from one VIP only.
func (ft *feature) declareStateless(g *graph.Graph, on *kind) {
	of := graph.Table(g, "backends without connection tracking", incr.Values(on.vips), func(r *incr.Reader, k placed) ([]answering, bool) {
		v, ok := incr.Get(r, ft.vips, k.VIP)
		if !ok || !ft.statelessOn(r, v, k.owner) {
			return nil, false
		}
		var all []answering
		for _, b := range v.ever() {
			if a := v.answers(k.owner, b); !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
		return all, len(all) > 0
	})
	ft.answering = incr.NewIndex(of, "backend that answers", func(_ placed, all []answering) []answering { return all })
	graph.ProblemTable(g, "backends of several VIPs without connection tracking", incr.Keys(of), func(r *incr.Reader, k placed) []graph.Problem {
		v, ok := incr.Get(r, ft.vips, k.VIP)
		all, _ := incr.Get(r, of, k)
		if !ok {
			return nil
		}
		p := graph.RowProblems{Table: "Load_Balancer", Row: k.Balancer, Name: v.Name}
		for _, a := range all {
			if first, _, ok := incr.One(r, ft.answering, a); ok && first != k {
				w, _ := incr.Get(r, ft.vips, first.VIP)
				p.Problem("options", "use_stateless_nat: what backend "+a.at.Addr().String()+" of "+k.Text+" answers is from VIP "+first.Text+" of load balancer "+strconv.Quote(w.Name)+", which has it, too")
			}
		}
		return p.List
	})
}

// withoutTracking writes the flows of a VIP on a router with several gateway ports.
func (ft *feature) withoutTracking(r *incr.Reader, f *graph.Flows, v placedVIP, fam *model.Family, ports []*model.RouterPort, meter string) {
	is := lflow.Eq(fam.Dst, v.Addr)
	if v.Port != 0 {
		is = lflow.And(is, lflow.Eq(lflow.F(v.Proto+".dst"), int(v.Port)))
	}
	numbers, choose := v.choose()
	for _, p := range ports {
		comes := lflow.And(is, p.Comes(p.Redirect))
		if len(v.Backends) == 0 {
			f.Add(pipeline.LRInDNAT, v.priority(), comes, v.unserved(meter, refuse())...)
			continue
		}
		then, _ := v.sources(false)
		f.Add(pipeline.LRInDNAT, v.priority(), comes, append(then, choose)...)
	}
	for i, n := range numbers {
		f.Add(pipeline.LRInLBAffLearn, 100, lflow.And(is, lflow.Eq(pipeline.LField(pipeline.RouterBackend), int(n))), append(v.towards(fam, v.Backends[i]), lflow.Next{})...)
	}
	for _, b := range v.ever() {
		if first, _, ok := incr.One(r, ft.answering, v.answers(v.owner, b)); !ok || first != (placed{model.VIP{Balancer: v.Balancer, Text: v.Text}, v.owner}) {
			continue
		}
		says := lflow.Eq(fam.Src, b.IP)
		as := []lflow.Action{lflow.SetTo(fam.Src, v.Addr)}
		if v.Port != 0 {
			port := v.portOf(b)
			says = lflow.And(says, lflow.Eq(lflow.F(v.Proto+".src"), int(port)))
			if port != v.Port {
				as = append(as, lflow.SetTo(lflow.F(v.Proto+".src"), int(v.Port)))
			}
		}
		for _, p := range ports {
			f.Add(pipeline.LROutUndnat, 120, lflow.And(says, p.Leaves(p.Redirect)), append(as[:len(as):len(as)], lflow.Next{})...)
		}
	}
}

// towards sends a packet to a backend.
func (v *vip) towards(fam *model.Family, b lflow.Backend) []lflow.Action {
	to := []lflow.Action{lflow.SetTo(fam.Dst, b.IP)}
	if port := v.portOf(b); port != v.Port {
		to = append(to, lflow.SetTo(lflow.F(v.Proto+".dst"), int(port)))
	}
	return to
}

// choose is the action that chooses a backend, and the numbers that stand for each of
// them. A number follows from the backend, so that those that come and go leave the
// choices of others as they are.
func (v *vip) choose() (numbers []uint16, choose lflow.Action) {
	taken := map[uint16]bool{}
	number := func(b lflow.Backend) uint16 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(netip.AddrPortFrom(b.IP, b.Port).String()))
		n := uint16(h.Sum32())
		for n == 0 || taken[n] { // 0 is of packets for which nothing was chosen
			n++
		}
		taken[n] = true
		return n
	}
	its := pipeline.LField(pipeline.RouterBackend)
	all := lflow.Select{Dst: its, HashFields: cmp.Or(v.hashFields(), v.inFamily(statelessFields))}
	for _, b := range v.Backends {
		n := number(b)
		numbers = append(numbers, n)
		all.Choices = append(all.Choices, lflow.Choice{Value: lflow.U(uint64(n)), Weight: 100})
	}
	if len(numbers) == 1 {
		return numbers, lflow.SetTo(its, int(numbers[0]))
	}
	return numbers, all
}
