package health

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// What the agent asks a backend comes to its port from NB_Global options:svc_monitor_mac,
// and what the backend answers to that goes to the agent. Neither ACLs nor conntrack see
// these packets. The flows are OVN's; only switches with such backends have them. Where
// the source is an address of a router's port on the switch, the Ethernet address is that
// of the port too, and the backend's answers alone go to the agent.

// monitorClass is what switches with backends that are asked have in common.
type monitorClass struct {
	MAC   lflow.MAC
	Meter string // of control-plane protection
}

// declareFlows declares the flows of health checks.
func (ft *feature) declareFlows(g *graph.Graph) {
	bySwitch := incr.NewIndex(ft.monitors, "switch", func(_ model.Service, m *monitor) []schema.UUID { return []schema.UUID{m.Switch} })
	classes := graph.Table(g, "switch with health checks", incr.Values(bySwitch), func(r *incr.Reader, sw schema.UUID) (monitorClass, bool) {
		mac, ok := incr.Get(r, ft.mac, struct{}{})
		return monitorClass{mac, ft.copp.Of(r, sw, coppMonitor)}, ok
	})
	graph.NewClass(g, "switches with health checks", classes).Write(name, func(_ *incr.Reader, f *graph.Flows, c monitorClass) {
		back, there := lflow.Eq(lflow.EthDst, c.MAC), lflow.Eq(lflow.EthSrc, c.MAC)
		unseen(f, back, there)
		hand(f, lflow.And(back, lflow.Or(lflow.Bool(lflow.TCP), lflow.Bool(lflow.ICMP4), lflow.Bool(lflow.ICMP6))), c.Meter)
		f.Add(pipeline.LSInL2Lkup, 109, back, lflow.Drop{}) // a service may have an answer
	})
	byInquirer := incr.NewIndex(ft.monitors, "source", func(_ model.Service, m *monitor) []model.AddressOn {
		if m.Routed {
			return nil
		}
		return []model.AddressOn{{On: m.Switch, IP: m.From}}
	})
	graph.NewUnits(g, "answers for sources of health checks", incr.Values(byInquirer), func(r *incr.Reader, i model.AddressOn) (model.AddressOn, bool) {
		return i, incr.Has(r, ft.mac, struct{}{})
	}, func(_, i model.AddressOn) graph.Place {
		return graph.Place{Owner: i.On, Name: "svc-" + i.IP.String()}
	}).Write(name, ft.answerBackends)
	graph.UnitsOf(g, "flows of health checks from routers", ft.monitors, func(_ model.Service, m *monitor) graph.Place {
		return graph.Place{Owner: m.Switch, Name: "svc-" + rowOf(m.Service).String()}
	}).Write(name, ft.fromRouter)
}

// coppMonitor is the protocol in Copp.meters.
const coppMonitor = "svc-monitor"

// unseen keeps what goes to backends (there), and what they answer (back), away from
// conntrack and ACLs.
func unseen(f *graph.Flows, back, there *lflow.Expr) {
	for _, pass := range []struct {
		match           *lflow.Expr
		preACL, preLB   string
		verdict, behind string
	}{
		{back, pipeline.LSInPreACL, pipeline.LSInPreLB, pipeline.LSInACLEval, pipeline.LSInACLAfterLBEval},
		{there, pipeline.LSOutPreACL, pipeline.LSOutPreLB, pipeline.LSOutACLEval, ""},
	} {
		f.Add(pass.preACL, 110, pass.match, lflow.Next{})
		f.Add(pass.preLB, 110, pass.match, lflow.Next{})
		f.Add(pass.verdict, 34000, pass.match, pipeline.Set(pipeline.VerdictAllow), lflow.Next{})
		if pass.behind != "" {
			f.Add(pass.behind, 34000, pass.match, pipeline.Set(pipeline.VerdictAllow), lflow.Next{})
		}
	}
}

// hand gives answers to the agent.
func hand(f *graph.Flows, match *lflow.Expr, meter string) {
	f.Meter = meter
	f.Add(pipeline.LSInL2Lkup, 110, match, lflow.HandleSvcCheck{Port: lflow.Inport})
	f.Meter = ""
}

// answerBackends tells those on a switch who ask where the address is as which they are
// asked.
func (ft *feature) answerBackends(r *incr.Reader, f *graph.Flows, i model.AddressOn) {
	mac, _ := incr.Get(r, ft.mac, struct{}{})
	if i.IP.Is4() {
		f.Add(pipeline.LSInARPRsp, 110, lflow.And(lflow.Eq(lflow.ARPTPA, i.IP), lflow.Eq(lflow.ARPOp, 1)), model.AnswerARP(mac)...)
		return
	}
	f.Meter = ft.copp.Of(r, i.On, "nd-na")
	f.Add(pipeline.LSInARPRsp, 110, lflow.And(lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDTarget, i.IP)), model.AnswerND(lflow.NestNDNA, mac))
	f.Meter = ""
}

// fromRouter writes the flows of a backend that is asked as a router's port.
func (ft *feature) fromRouter(r *incr.Reader, f *graph.Flows, m *monitor) {
	if !m.Routed {
		return
	}
	fam := model.FamilyOf(m.Addr)
	answer, question := lflow.Eq(fam.Type, fam.EchoReply, fam.Unreachable), lflow.Eq(fam.Type, fam.EchoRequest)
	if m.Proto != icmp {
		answer = lflow.Or(lflow.Eq(lflow.F(m.Proto+".src"), int(m.Service.Port)), lflow.Eq(fam.Type, fam.Unreachable))
		question = lflow.Eq(lflow.F(m.Proto+".dst"), int(m.Service.Port))
	}
	back := lflow.And(lflow.Eq(lflow.Inport, m.At), lflow.Eq(lflow.EthDst, m.MAC), lflow.Eq(fam.Src, m.Addr), lflow.Eq(fam.Dst, m.From), answer)
	there := lflow.And(lflow.Eq(lflow.Outport, m.At), lflow.Eq(lflow.EthSrc, m.MAC), lflow.Eq(fam.Src, m.From), lflow.Eq(fam.Dst, m.Addr), question)
	unseen(f, back, there)
	hand(f, back, ft.copp.Of(r, m.Switch, coppMonitor))
}
