package trace

import "github.com/weft-sdn/weft/lflow"

// ctNAT translates to an address in the next table; without one it undoes
// what is not known to have been done. A gateway router does not undo SNAT.
func (x *exec) ctNAT(a lflow.CTNAT) {
	what, v4, v6, flag := "dnat", lflow.IP4Dst, lflow.IP6Dst, lflow.CTDNAT
	if a.Kind.SNAT() {
		what, v4, v6, flag = "snat", lflow.IP4Src, lflow.IP6Src, lflow.CTSNAT
	}
	if !a.IP.IsValid() {
		if a.Kind.SNAT() && x.dp.isGateway() {
			return
		}
		p, remark := x.tracked()
		x.fork(p, a.Kind.String()+" /* assuming no un-"+what+" entry, so no change */"+remark)
		return
	}
	p, remark := x.tracked()
	field := v4
	if a.IP.Is6() {
		field = v6
	}
	x.setAddress(p, v4, v6, a.IP)
	p.set(flag, lflow.U(1))
	x.fork(p, a.Kind.String()+"("+field.String()+"="+a.IP.String()+")"+remark)
}

// isGateway tells whether all of a router is on one chassis.
func (d *Datapath) isGateway() bool {
	for _, p := range d.ports {
		if p.Type == "l3gateway" {
			return true
		}
	}
	return false
}

func (x *exec) ctCommitNAT() {
	p, remark := x.tracked()
	x.fork(p, "ct_commit_nat /* assuming no un-nat entry, so no change */"+remark)
}
