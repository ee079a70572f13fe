package northd

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// accessControl is the base of ACLs: what is the same on all switches of a
// class. Matches are evaluated in the stages *_acl_eval, which note the
// verdict in a bit; *_acl_action does what it says, or goes back to the next
// tier where no ACL of this one has a verdict. These are OVN's flows, with
// its priorities; a switch without ACLs has none of them.
//
// Where an ACL is allow-related, IP packets meet the ACLs with the state of
// their connection. Replies are allowed because the connection is; packets in
// the direction in which it began meet the ACLs, so that a connection whose
// ACL is gone is marked as blocked and ends.
func accessControl() feature {
	return feature{
		name: "acl",
		class: func(f *flows, c class) {
			f.preACL(c)
			f.hints(c)
			for i, s := range aclStages {
				if c.ACLs {
					f.evaluation(aclStage(i), c)
					f.verdicts(aclStage(i), c)
				} else {
					f.add(s.action, 0, nil, lflow.Next{})
				}
				f.add(s.eval, 0, nil, lflow.Next{})
				f.add(s.sample, 0, nil, lflow.Next{})
			}
		},
		port: func(c *Compiler, r *incr.Reader, f *flows, p *lport) {
			if p.Type != "router" && p.Type != "localnet" {
				return
			}
			if policy, _ := incr.Get(r, c.policies, p.Switch); policy.Stateful {
				f.skipConntrack(p)
			}
		},
	}
}

// skipConntrack keeps the packets of a router's or localnet port away from
// conntrack: a request and its reply may pass that port on different chassis,
// each of which would know only half of the connection.
func (f *flows) skipConntrack(p *lport) {
	f.add(pipeline.LSInPreACL, 110, lflow.And(lflow.Bool(lflow.IP), inport(p)), lflow.Next{})
	f.add(pipeline.LSOutPreACL, 110, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.Outport, p.Name)), lflow.Next{})
}

// preACL sends IP packets to conntrack, except those that have no connection.
func (f *flows) preACL(c class) {
	for _, stage := range []string{pipeline.LSInPreACL, pipeline.LSOutPreACL} {
		if c.Stateful {
			f.add(stage, 110, lflow.Bool(lflow.EthMcast), lflow.Next{})
			dhcp6 := lflow.And(lflow.Bool(lflow.UDP), lflow.Eq(lflow.UDPSrc, 546), lflow.Eq(lflow.UDPDst, 547))
			f.add(stage, 110, lflow.Or(neighbourDiscovery(), dhcp6), lflow.Next{})
			f.add(stage, 100, lflow.Bool(lflow.IP), mark(pipeline.CTDefrag), lflow.Next{})
		}
		f.add(stage, 0, nil, lflow.Next{})
	}
}

// neighbourDiscovery is IPv6's own traffic, which no ACL keeps away.
func neighbourDiscovery() *lflow.Expr {
	return lflow.Or(lflow.Bool(lflow.ND), lflow.Bool(lflow.NDRA), lflow.Bool(lflow.NDRS),
		lflow.Bool(lflow.F("mldv1")), lflow.Bool(lflow.F("mldv2")))
}

// hints turns the state of a connection into bits, so that the match of an ACL
// is evaluated with one bit each.
func (f *flows) hints(c class) {
	is, not := func(b lflow.Field) *lflow.Expr { return lflow.Eq(b, 1) }, func(b lflow.Field) *lflow.Expr { return lflow.Eq(b, 0) }
	for _, stage := range []string{pipeline.LSInACLHint, pipeline.LSOutACLHint} {
		hint := func(priority uint16, match *lflow.Expr, bits ...string) {
			var as []lflow.Action
			for _, b := range bits {
				as = append(as, mark(b))
			}
			f.add(stage, priority, match, append(as, lflow.Next{})...)
		}
		if c.Stateful {
			request := lflow.And(not(lflow.CTNew), is(lflow.CTEst), not(lflow.CTRpl))
			hint(7, lflow.And(is(lflow.CTNew), not(lflow.CTEst)), pipeline.ACLHintAllowNew, pipeline.ACLHintDrop)
			hint(6, lflow.And(request, is(ctBlocked)), pipeline.ACLHintAllowNew, pipeline.ACLHintDrop)
			hint(5, not(lflow.CTTrk), pipeline.ACLHintAllow, pipeline.ACLHintDrop)
			hint(4, lflow.And(request, not(ctBlocked)), pipeline.ACLHintAllow, pipeline.ACLHintBlock)
			hint(3, not(lflow.CTEst), pipeline.ACLHintDrop)
			hint(2, lflow.And(is(lflow.CTEst), is(ctBlocked)), pipeline.ACLHintDrop)
			hint(1, lflow.And(is(lflow.CTEst), not(ctBlocked)), pipeline.ACLHintBlock)
		}
		hint(0, nil)
	}
}

// evaluation are the flows above and below those of ACLs.
func (f *flows) evaluation(at aclStage, c class) {
	stage := aclStages[at].eval
	allow, drop := mark(pipeline.VerdictAllow), mark(pipeline.VerdictDrop)
	f.add(stage, 65532, neighbourDiscovery(), allow, lflow.Next{})
	if !c.Stateful {
		return
	}
	if at == fromLportLB {
		f.add(stage, 65532, is(pipeline.ACLReply), allow, lflow.Next{})
		return
	}
	f.add(stage, 65532, reply(c.NoInvalid), append(admitReply(at), lflow.Next{})...)
	f.add(stage, 65532, related(c.NoInvalid), append(admit(at), ctCommitNAT)...)
	invalid := lflow.And(lflow.Bool(lflow.CTEst), lflow.Bool(lflow.CTRpl), lflow.Eq(ctBlocked, 1))
	if !c.NoInvalid {
		invalid = lflow.Or(lflow.Bool(lflow.CTInv), invalid)
	}
	f.add(stage, 65532, invalid, drop, lflow.Next{})
	// Packets that no ACL has an opinion of: commit the connection, because
	// the peer's ACLs may want to know it, and unblock it where it was blocked.
	fresh := []lflow.Action{mark(pipeline.CTCommit), lflow.Next{}}
	if c.DefaultDrop {
		fresh = fresh[1:]
	}
	f.add(stage, 1, lflow.And(lflow.Bool(lflow.IP), lflow.Eq(lflow.CTEst, 0)), fresh...)
	f.add(stage, 1, lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTEst), lflow.Eq(ctBlocked, 1)), mark(pipeline.CTCommit), lflow.Next{})
}

// reply matches packets of the other direction of a connection that was
// allowed, related those of other connections that belong to it.
func reply(noInvalid bool) *lflow.Expr {
	return lflow.And(lflow.Bool(lflow.CTEst), lflow.Eq(lflow.CTRel, 0), lflow.Eq(lflow.CTNew, 0), valid(noInvalid),
		lflow.Bool(lflow.CTRpl), lflow.Eq(ctBlocked, 0))
}

func related(noInvalid bool) *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.CTEst, 0), lflow.Bool(lflow.CTRel), lflow.Eq(lflow.CTNew, 0), valid(noInvalid), lflow.Eq(ctBlocked, 0))
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
		return []lflow.Action{mark(pipeline.VerdictAllow)}
	}
	return []lflow.Action{mark(pipeline.ACLReply), mark(pipeline.VerdictAllow)}
}

// admitReply does the same for a reply, of which ACLs know nothing.
func admitReply(at aclStage) []lflow.Action {
	if at == toLport {
		return admit(at)
	}
	return append([]lflow.Action{unmark(pipeline.ACLHintDrop), unmark(pipeline.ACLHintBlock)}, admit(at)...)
}

// verdicts does what the bits say. A packet that has no verdict in any tier
// goes the way of all that ACLs do not mention.
func (f *flows) verdicts(at aclStage, c class) {
	stage := aclStages[at].action
	var clean []lflow.Action
	for _, bit := range []string{pipeline.VerdictAllow, pipeline.VerdictDrop, pipeline.VerdictReject} {
		clean = append(clean, unmark(bit))
	}
	tier, tiers := pipeline.LField(pipeline.ACLTier), c.Tiers[at]
	if tiers > 0 {
		clean = append(clean, lflow.SetTo(tier, 0))
	}
	pass := append(clean[:len(clean):len(clean)], lflow.Next{})
	f.add(stage, 1000, is(pipeline.VerdictAllow), pass...)
	f.add(stage, 1000, is(pipeline.VerdictDrop), lflow.Drop{})
	f.meter = c.RejectMeter
	f.add(stage, 1000, is(pipeline.VerdictReject), append(clean[:len(clean):len(clean)], reject(at)...)...)
	f.meter = ""
	eval, _ := pipeline.Find(aclStages[at].eval)
	for t := range int(tiers) {
		f.add(stage, 500, lflow.Eq(tier, t), lflow.SetTo(tier, t+1), lflow.Next{Jump: true, Table: uint8(eval.Table)})
	}
	if c.DefaultDrop {
		f.add(stage, 0, nil, lflow.Drop{})
	} else {
		f.add(stage, 0, nil, pass...)
	}
}

// reject answers the packet in its sender's name. The answer meets no ACLs: it
// goes on behind those of the other pipeline.
func reject(at aclStage) []lflow.Action {
	next := lflow.Next{Jump: true, Pipeline: lflow.Egress}
	behind, _ := pipeline.Find(pipeline.LSOutACLAction)
	next.Table = uint8(behind.Table + 1)
	if at == toLport {
		lookup, _ := pipeline.Find(pipeline.LSInL2Lkup)
		next.Pipeline, next.Table = lflow.Ingress, uint8(lookup.Table)
	}
	return []lflow.Action{
		lflow.SetTo(lflow.Reg(0), 0),
		lflow.Nested{Kind: lflow.NestReject, Actions: lflow.Actions{lflow.Exchange{A: lflow.Outport, B: lflow.Inport}, next}},
	}
}
