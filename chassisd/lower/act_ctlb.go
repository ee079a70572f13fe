package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Bits of a balanced connection's mark, or label.
const (
	ctNatted    = 1 << 1
	ctSkipSNAT  = 1 << 2
	ctForceSNAT = 1 << 3
)

// ctLB makes a group with a bucket per backend.
func (e *encoder) ctLB(a lflow.CTLB) error {
	ct := ofp.CT{Table: e.nextTable(), ZoneField: e.natZone(false)}
	if len(a.Backends) == 0 {
		m := e.b.BeginCT(ct)
		e.b.NAT(ofp.NAT{})
		e.b.End(m)
		return nil
	}
	ct.Commit = true
	note := ofp.CTMark
	if a.Kind == lflow.CTLBLabel {
		note = ofp.CTLabel
	}
	backend := func(to lflow.Backend) ofp.Actions {
		var b ofp.ActionBuilder
		m := b.BeginCT(ct)
		b.NAT(ofp.NAT{Dst: true, AddrMin: to.IP, PortMin: to.Port})
		setBits(&b, note, ctNatted)
		switch a.SNAT {
		case lflow.LBSNATSkip:
			setBits(&b, note, ctSkipSNAT)
		case lflow.LBSNATForce:
			setBits(&b, note, ctForceSNAT)
		}
		b.End(m)
		return b.Actions()
	}
	g := selectGroup(a.HashFields)
	g.kind = string(backend(lflow.Backend{}))
	for _, d := range a.Backends {
		if a.Kind != lflow.CTLBMarkLocal || e.resident(d.LogicalPort) {
			g.bucket(lbWeight, backend(d))
		}
	}
	g.even()
	return e.group(g)
}

// lbWeight is that of every backend.
const lbWeight = 100

func setBits(b *ofp.ActionBuilder, f ofp.Field, bits uint64) {
	b.SetFieldMasked(f, ofp.U64(bits), ofp.U64(bits))
}

// resident tells whether a port is on this chassis.
func (e *encoder) resident(port string) bool {
	e.asked = true
	return e.env.Resident != nil && e.env.Resident(port)
}
