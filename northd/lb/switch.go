package lb

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// On a switch with load balancers all IP packets go through conntrack, both as they
// come in and as they leave: what belongs to a balanced connection is translated
// there. What begins one meets the VIPs. These are OVN's flows.

// declareSwitches declares the flows of switches.
func (ft *feature) declareSwitches(g *graph.Graph) {
	ft.m.AllSwitches.Write(name, func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		f.Pass(pipeline.LSInPreLB, pipeline.LSOutPreLB, pipeline.LSInLBAffCheck, pipeline.LSInLB, pipeline.LSInLBAffLearn, pipeline.LSInPreHairpin, pipeline.LSInNATHairpin, pipeline.LSInHairpin)
	})
	graph.NewClass(g, "switches with load balancers", ft.balanced).Write(name, func(_ *incr.Reader, f *graph.Flows, kind int) {
		untracked := uint16(110)
		if kind == statelessSwitches {
			untracked = 102 // behind what is balanced all the same
			trackErrors(f)
		}
		for _, stage := range []string{pipeline.LSInPreLB, pipeline.LSOutPreLB} {
			f.Add(stage, 110, lflow.Bool(lflow.EthMcast), lflow.Next{})
			f.Add(stage, 110, model.NeighbourDiscovery(), lflow.Next{})
			f.Add(stage, untracked, pipeline.Is(pipeline.ACLStateless), lflow.Next{})
			f.Add(stage, 100, lflow.Bool(lflow.IP), pipeline.Set(pipeline.CTNAT), lflow.Next{})
		}
		hairpinAll(f)
	})
	ft.m.SwitchPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
		if p.Handled && (p.ToRouter() || p.IsLocalnet()) && incr.Has(r, ft.balanced, p.Switch) {
			f.Add(pipeline.LSInPreLB, 110, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.Inport, p.Name)), lflow.Next{})
			f.Add(pipeline.LSOutPreLB, 110, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.Outport, p.Name)), lflow.Next{})
		}
	})
	for kind, k := range ft.switches {
		graph.NewUnits(g, "flows of VIPs on "+k.name, incr.Values(k.vips), ft.vipAt, placeOf).Write(name, func(r *incr.Reader, f *graph.Flows, v placedVIP) {
			if kind == statelessSwitches {
				v.trackAll(f)
			}
			if v.Template != nil {
				templated{v.vip}.onSwitch(f)
				return
			}
			fam := model.FamilyOf(v.Addr)
			v.onSwitch(f, fam, ft.copp.Of(r, v.owner, eventMeter))
			ft.hairpin(r, f, v.vip, fam)
		})
		ft.declareSenders(g, k)
	}
}

// Kinds of switches.
const (
	plainSwitches     = iota
	statelessSwitches // with enable-stateless-acl-with-lb
)

// trackAll sends packets through conntrack that ACLs would keep away from it: what is for
// the VIP, behind those that backends answer to themselves, and what backends answer.
func (v *vip) trackAll(f *graph.Flows) {
	track := func(stage, match string) {
		f.AddText(stage, 104, and(text(pipeline.Is(pipeline.ACLStateless)), match), pipeline.Set(pipeline.CTNAT), lflow.Next{})
	}
	if v.Template != nil {
		t := templated{v}
		track(pipeline.LSInPreLB, is(t.fam().Dst, t.Template.VIP))
		if t.Template.Backends != "" {
			track(pipeline.LSOutPreLB, t.each(is(t.fam().Src, "^each.ip")))
		}
		return
	}
	fam := model.FamilyOf(v.Addr)
	track(pipeline.LSInPreLB, lflow.Eq(fam.Dst, v.Addr).String())
	for _, ip := range v.hosts() {
		track(pipeline.LSOutPreLB, lflow.Eq(fam.Src, ip).String())
	}
}

// trackErrors sends ICMP errors through conntrack, too, that ACLs would keep away from it:
// clients know what they tell of by the VIP. ACLs see all these packets as they would
// have without.
func trackErrors(f *graph.Flows) {
	untracked := pipeline.Is(pipeline.ACLStateless)
	for _, fam := range model.Families() {
		f.Add(pipeline.LSOutPreLB, 104, lflow.And(untracked, fam.Errors()), pipeline.Set(pipeline.CTNAT), lflow.Next{})
	}
	f.Add(pipeline.LSOutACLHint, 65535, lflow.And(untracked, lflow.Bool(lflow.CTTrk)), lflow.CTClear{},
		pipeline.Set(pipeline.ACLHintAllow), pipeline.Set(pipeline.ACLHintDrop), lflow.Next{})
}

// placedVIP is a VIP with the datapath, or the group of them, that has it.
type placedVIP struct {
	*vip
	owner schema.UUID
}

func (ft *feature) vipAt(r *incr.Reader, k placed) (placedVIP, bool) {
	v, ok := incr.Get(r, ft.vips, k.VIP)
	return placedVIP{v, k.owner}, ok
}

// placeOf is where the unit of a VIP is stored.
func placeOf(k placed, v placedVIP) graph.Place {
	prefix := "lb-"
	if v.Flush { // agents go by that
		prefix = "lb-flush-"
	}
	return graph.Place{Owner: k.owner, Name: prefix + k.Balancer.String() + "-" + k.Text, Table: "Load_Balancer", Row: k.Balancer, RowName: v.Name}
}

// begins matches packets that begin a connection to a VIP, by the connection's own
// port: all fragments have it.
func (v *vip) begins(fam *model.Family) *lflow.Expr {
	return lflow.And(lflow.Bool(lflow.CTNew), lflow.Eq(fam.Dst, v.Addr), v.port())
}

// port matches the port with which a connection to the VIP begins; nil is any.
func (v *vip) port() *lflow.Expr {
	if v.Port == 0 {
		return nil
	}
	return lflow.Eq(beganAt(v.Proto), int(v.Port))
}

// beganAt is the port with which a connection begins. Of SCTP it is that of the packet:
// Open vSwitch before 3.2 knows no ports of such connections, and changes none.
func beganAt(proto string) lflow.Field {
	if proto == "sctp" {
		return lflow.SCTPDst
	}
	return lflow.F("ct_" + proto + ".dst")
}

// priority has ports go before whole addresses. Of templates, what is done where there
// are no backends comes just below.
func (v *vip) priority() uint16 {
	if v.Proto == "" {
		return 110
	}
	return 120
}

// onSwitch sends new connections to a backend, which commits them; meter limits events.
func (v *vip) onSwitch(f *graph.Flows, fam *model.Family, meter string) {
	if len(v.Backends) == 0 {
		f.Add(pipeline.LSInLB, v.priority(), v.begins(fam), v.unserved(meter, pipeline.Reject(false))...)
		return
	}
	then := []lflow.Action{pipeline.Clear(pipeline.CTCommit), lflow.SetTo(pipeline.VIPField(fam.V6), v.Addr)}
	f.Add(pipeline.LSInLB, v.priority(), v.begins(fam), append(then, v.balance(lflow.LBSNATDefault))...)
	v.affine(f, fam, switchPipe, v.begins(fam), lflow.LBSNATDefault, then)
}

// eventMeter is the key of Copp.meters for what clients of VIPs without backends send.
const eventMeter = "event-elb"

// unserved is what becomes of a client of a VIP without backends: it is refused as
// reject does, or agents tell of it, ovn-sb(5), table Controller_Event.
func (v *vip) unserved(meter string, reject []lflow.Action) []lflow.Action {
	switch {
	case v.Reject:
		return reject
	case v.Event && v.Template == nil:
		at := v.Addr.String()
		if v.Port != 0 {
			at = netip.AddrPortFrom(v.Addr, v.Port).String()
		}
		return []lflow.Action{lflow.TriggerEvent{Meter: meter, VIP: at, Protocol: cmp.Or(v.Proto, "tcp"), LoadBalancer: v.Balancer.String()}}
	}
	return []lflow.Action{lflow.Drop{}}
}

// balance is the action that chooses a backend.
func (v *vip) balance(snat lflow.LBSNAT) lflow.CTLB {
	kind := lflow.CTLBMark
	if v.Distributed {
		kind = lflow.CTLBMarkLocal
	}
	return lflow.CTLB{Kind: kind, Backends: v.Backends, HashFields: v.hashFields(), SNAT: snat}
}

// hashFields are what a backend is chosen by, "" for what the switch thinks best. With
// affinity it is the client: a second connection may come before a switch goes by what
// it has learned from the first.
func (v *vip) hashFields() string {
	fields := v.HashFields
	if fields == "" && v.Affinity > 0 {
		fields = "ip_src"
	}
	return v.inFamily(fields)
}

// inFamily are names of fields in the VIP's family. ovn-nb(5) has names for IPv4 which
// mean both.
func (v *vip) inFamily(fields string) string {
	if v.v6() {
		return strings.NewReplacer("ipv6_", "ipv6_", "ip_proto", "ip_proto", "ip_", "ipv6_").Replace(fields)
	}
	return fields
}

// demand is what load balancers demand of connection tracking on a switch.
func (ft *feature) demand(r *incr.Reader, sw schema.UUID) model.Conntrack {
	return model.Conntrack{Balanced: incr.Has(r, ft.balanced, sw)}
}
