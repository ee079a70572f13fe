package acl

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// writeBase writes the base of ACLs: what is the same on all switches of a
// class. Matches are evaluated in the stages *_acl_eval, which note the
// verdict in a bit; *_acl_action does what it says, or goes back to the next
// tier where no ACL of this one has a verdict. These are OVN's flows, with
// its priorities; a switch without ACLs has none of them.
//
// Where an ACL is allow-related, IP packets meet the ACLs with the state of
// their connection. Replies are allowed because the connection is; packets in
// the direction in which it began meet the ACLs, so that a connection whose
// ACL is gone is marked as blocked and ends.
func (ft *feature) writeBase() {
	ft.m.AllSwitches.Write("acl", func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		f.Pass(pipeline.LSInPreACL, pipeline.LSOutPreACL, pipeline.LSInACLHint, pipeline.LSOutACLHint)
		for _, s := range aclStages {
			f.Pass(s.eval, s.sample, s.action)
		}
	})
	ft.classes.Write("acl", func(_ *incr.Reader, out *graph.Flows, c class) {
		f := flows{out}
		f.preACL(c)
		f.hints(c)
		for i := range aclStages {
			f.evaluation(aclStage(i), c)
			f.verdicts(aclStage(i), c)
		}
	})
	ft.m.SwitchPortFlows.Write("acl", func(r *incr.Reader, out *graph.Flows, p *model.SwitchPort) {
		if !p.Handled || p.Tracked || !p.ToRouter() && !p.IsLocalnet() {
			return
		}
		if policy, _ := incr.Get(r, ft.policies, p.Switch); policy.Stateful {
			flows{out}.skipConntrack(p)
		}
	})
}

// skipConntrack keeps the packets of a router's or localnet port away from
// conntrack: a request and its reply may pass that port on different chassis,
// each of which would know only half of the connection. Who wants ACLs to see it at a
// gateway port says so: model.SwitchPort.Tracked.
func (f flows) skipConntrack(p *model.SwitchPort) {
	f.Add(pipeline.LSInPreACL, 110, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.Inport, p.Name)), lflow.Next{})
	f.Add(pipeline.LSOutPreACL, 110, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.Outport, p.Name)), lflow.Next{})
}

// preACL sends IP packets to conntrack, except those that have no connection.
func (f flows) preACL(c class) {
	for _, stage := range []string{pipeline.LSInPreACL, pipeline.LSOutPreACL} {
		if c.Stateful {
			f.Add(stage, 110, lflow.Bool(lflow.EthMcast), lflow.Next{})
			dhcp6 := lflow.And(lflow.Bool(lflow.UDP), lflow.Eq(lflow.UDPSrc, 546), lflow.Eq(lflow.UDPDst, 547))
			f.Add(stage, 110, lflow.Or(model.NeighbourDiscovery(), dhcp6), lflow.Next{})
			f.Add(stage, 100, lflow.Bool(lflow.IP), pipeline.Set(pipeline.CTDefrag), lflow.Next{})
		}
	}
}

// hints turns the state of a connection into bits, so that the match of an ACL
// is evaluated with one bit each.
func (f flows) hints(c class) {
	is, not := func(b lflow.Field) *lflow.Expr { return lflow.Eq(b, 1) }, func(b lflow.Field) *lflow.Expr { return lflow.Eq(b, 0) }
	for _, stage := range []string{pipeline.LSInACLHint, pipeline.LSOutACLHint} {
		hint := func(priority uint16, match *lflow.Expr, bits ...string) {
			var as []lflow.Action
			for _, b := range bits {
				as = append(as, pipeline.Set(b))
			}
			f.Add(stage, priority, match, append(as, lflow.Next{})...)
		}
		if c.Stateful {
			request := lflow.And(not(lflow.CTNew), is(lflow.CTEst), not(lflow.CTRpl))
			hint(7, lflow.And(is(lflow.CTNew), not(lflow.CTEst)), pipeline.ACLHintAllowNew, pipeline.ACLHintDrop)
			hint(6, lflow.And(request, is(pipeline.CTBlocked)), pipeline.ACLHintAllowNew, pipeline.ACLHintDrop)
			hint(5, not(lflow.CTTrk), pipeline.ACLHintAllow, pipeline.ACLHintDrop)
			hint(4, lflow.And(request, not(pipeline.CTBlocked)), pipeline.ACLHintAllow, pipeline.ACLHintBlock)
			hint(3, not(lflow.CTEst), pipeline.ACLHintDrop)
			hint(2, lflow.And(is(lflow.CTEst), is(pipeline.CTBlocked)), pipeline.ACLHintDrop)
			hint(1, lflow.And(is(lflow.CTEst), not(pipeline.CTBlocked)), pipeline.ACLHintBlock)
		}
	}
}

// evaluation are the flows above and below those of ACLs.
func (f flows) evaluation(at aclStage, c class) {
	stage := aclStages[at].eval
	allow, drop := pipeline.Set(pipeline.VerdictAllow), pipeline.Set(pipeline.VerdictDrop)
	f.Add(stage, 65532, model.NeighbourDiscovery(), allow, lflow.Next{})
	if !c.Stateful {
		return
	}
	if at == fromLportLB {
		f.Add(stage, 65532, pipeline.Is(pipeline.ACLReply), allow, lflow.Next{})
		return
	}
	f.Add(stage, 65532, reply(c.NoInvalid), append(admitReply(at), lflow.Next{})...)
	f.Add(stage, 65532, related(c.NoInvalid), append(admit(at), pipeline.CTCommitNAT)...)
	invalid := lflow.And(lflow.Bool(lflow.CTEst), lflow.Bool(lflow.CTRpl), lflow.Eq(pipeline.CTBlocked, 1))
	if !c.NoInvalid {
		invalid = lflow.Or(lflow.Bool(lflow.CTInv), invalid)
	}
	f.Add(stage, 65532, invalid, drop, lflow.Next{})
	// Packets that no ACL has an opinion of: commit the connection, because
	// the peer's ACLs may want to know it, and unblock it where it was blocked.
	fresh := []lflow.Action{pipeline.Set(pipeline.CTCommit), lflow.Next{}}
	if c.DefaultDrop {
		fresh = fresh[1:]
	}
	f.Add(stage, 1, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.CTEst, 0)), fresh...)
	f.Add(stage, 1, lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTEst), lflow.Eq(pipeline.CTBlocked, 1)), pipeline.Set(pipeline.CTCommit), lflow.Next{})
}

// reply matches packets of the other direction of a connection that was
// allowed, related those of other connections that belong to it.
func reply(noInvalid bool) *lflow.Expr {
	return lflow.And(lflow.Bool(lflow.CTEst), lflow.Eq(lflow.CTRel, 0), lflow.Eq(lflow.CTNew, 0), valid(noInvalid),
		lflow.Bool(lflow.CTRpl), lflow.Eq(pipeline.CTBlocked, 0))
}

func related(noInvalid bool) *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.CTEst, 0), lflow.Bool(lflow.CTRel), lflow.Eq(lflow.CTNew, 0), valid(noInvalid), lflow.Eq(pipeline.CTBlocked, 0))
}

// valid is !ct.inv, unless the network is told not to match on that: some
// network cards cannot.
func valid(noInvalid bool) *lflow.Expr {
	if noInvalid {
		return nil
	}
	return lflow.Eq(lflow.CTInv, 0)
}

// admit allows a packet for its connection's sake: ACLs behind load balancing
// do so too.
func admit(at aclStage) []lflow.Action {
	if at == toLport {
		return []lflow.Action{pipeline.Set(pipeline.VerdictAllow)}
	}
	return []lflow.Action{pipeline.Set(pipeline.ACLReply), pipeline.Set(pipeline.VerdictAllow)}
}

// admitReply does the same for a reply, of which ACLs know nothing.
func admitReply(at aclStage) []lflow.Action {
	if at == toLport {
		return admit(at)
	}
	return append([]lflow.Action{pipeline.Clear(pipeline.ACLHintDrop), pipeline.Clear(pipeline.ACLHintBlock)}, admit(at)...)
}

// verdicts does what the bits say. A packet that has no verdict in any tier
// goes the way of all that ACLs do not mention.
func (f flows) verdicts(at aclStage, c class) {
	stage := aclStages[at].action
	var clean []lflow.Action
	for _, bit := range []string{pipeline.VerdictAllow, pipeline.VerdictDrop, pipeline.VerdictReject} {
		clean = append(clean, pipeline.Clear(bit))
	}
	tier, tiers := pipeline.LField(pipeline.ACLTier), c.Tiers[at]
	if tiers > 0 {
		clean = append(clean, lflow.SetTo(tier, 0))
	}
	pass := append(clean[:len(clean):len(clean)], lflow.Next{})
	f.Add(stage, 1000, pipeline.Is(pipeline.VerdictAllow), pass...)
	f.Add(stage, 1000, pipeline.Is(pipeline.VerdictDrop), lflow.Drop{})
	f.Meter = c.RejectMeter
	f.Add(stage, 1000, pipeline.Is(pipeline.VerdictReject), append(clean[:len(clean):len(clean)], pipeline.Reject(at == toLport)...)...)
	f.Meter = ""
	for t := range int(tiers) {
		f.Add(stage, 500, lflow.Eq(tier, t), lflow.SetTo(tier, t+1), pipeline.Jump(aclStages[at].eval))
	}
	if c.DefaultDrop {
		f.Add(stage, 1, nil, lflow.Drop{})
	} else {
		f.Add(stage, 1, nil, pass...)
	}
}
