package trace

import "github.com/weft-sdn/weft/lflow"

// ctCommit commits the connection, with the mark and label that the actions
// make of those it has. Behind it the packet is not tracked. Without a
// Conntrack it changes nothing.
func (x *exec) ctCommit(a lflow.CTCommit) {
	if x.opts.Conntrack == nil {
		return
	}
	set := func(k *conn) {
		p := x.p.clone()
		p.set(lflow.CTMark, k.mark)
		p.set(lflow.CTLabel, k.label)
		inner := x.on(p, &Step{})
		inner.actions(a.Actions)
		k.mark, k.label = p.get(lflow.CTMark), p.get(lflow.CTLabel)
	}
	if !x.opts.Conntrack.track(x.p, request{zone: x.zone(false), commit: true, set: set}) {
		x.super.add(Problem, "*** ct_commit: the connection cannot be committed, the packet is dropped")
		x.dropped = true
		return
	}
	x.p.forgetState()
}

// ctCommitToZone commits the connection and goes on in the next table.
func (x *exec) ctCommitToZone(a lflow.CTCommitToZone) {
	if x.opts.Conntrack != nil {
		x.recirculate("ct_commit_to_zone", request{zone: x.zone(a.SNAT), commit: true})
	}
}
