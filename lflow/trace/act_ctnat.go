package trace

import "github.com/weft-sdn/weft/lflow"

// ctNAT translates to an address in the next table; without one it undoes
// what is not known to have been done. A gateway router does not undo SNAT.
func (x *exec) ctNAT(a lflow.CTNAT) {
	if x.opts.Conntrack != nil {
		x.translate(a)
		return
	}
	what, v4, v6, flag := "dnat", lflow.IP4Dst, lflow.IP6Dst, lflow.CTDNAT
	if a.Kind.SNAT() {
		what, v4, v6, flag = "snat", lflow.IP4Src, lflow.IP6Src, lflow.CTSNAT
	}
	if !a.IP.IsValid() {
		if a.Kind.SNAT() && x.dp.isGateway() {
			return
		}
		p, remark := x.keepTracked()
		x.fork(p, a.Kind.String()+" /* assuming no un-"+what+" entry, so no change */"+remark)
		return
	}
	p, remark := x.keepTracked()
	field := v4
	if a.IP.Is6() {
		field = v6
	}
	setAddress(p, v4, v6, a.IP)
	p.set(flag, lflow.U(1))
	x.fork(p, a.Kind.String()+"("+field.String()+"="+a.IP.String()+")"+remark)
}

// translate commits the connection with a translation, or applies the one
// that it has. What DNAT and SNAT have in common is the DNAT zone.
func (x *exec) translate(a lflow.CTNAT) {
	q := request{zone: x.dp.UUID + "_dnat", nat: true}
	if a.Kind == lflow.RouterSNAT {
		q.zone = x.dp.UUID + "_snat"
	}
	if a.IP.IsValid() {
		q.commit, q.to = true, &nat{src: a.Kind.SNAT(), to: a.IP, portMin: a.PortMin, portMax: a.PortMax}
	}
	x.recirculate(a.Kind.String(), q)
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

func (x *exec) ctCommitNAT(a lflow.CTCommitNAT) {
	if x.opts.Conntrack != nil {
		x.recirculate("ct_commit_nat", request{zone: x.zone(a.SNAT), commit: true, nat: true})
		return
	}
	p, remark := x.keepTracked()
	x.fork(p, "ct_commit_nat /* assuming no un-nat entry, so no change */"+remark)
}
