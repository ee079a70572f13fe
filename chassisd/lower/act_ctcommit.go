package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// natZone returns the zone of an action that names the DNAT or the SNAT zone:
// a switch has only the port's.
func (e *encoder) natZone(snat bool) ofp.Subfield {
	switch {
	case !e.env.Router:
		return zone(regZonePort)
	case snat:
		return zone(regZoneSNAT)
	}
	return zone(regZoneDNAT)
}

func (e *encoder) ctCommit(a lflow.CTCommit) error {
	m := e.b.BeginCT(ofp.CT{Commit: true, Table: ofp.NoTable, ZoneField: e.natZone(false)})
	err := e.all(a.Actions)
	e.b.End(m)
	return err
}

func (e *encoder) ctCommitNAT(a lflow.CTCommitNAT) {
	m := e.b.BeginCT(ofp.CT{Commit: true, Table: e.nextTable(), ZoneField: e.natZone(a.SNAT)})
	e.b.NAT(ofp.NAT{})
	e.b.End(m)
}

func (e *encoder) ctCommitToZone(a lflow.CTCommitToZone) {
	e.b.CT(ofp.CT{Commit: true, Table: e.nextTable(), ZoneField: e.natZone(a.SNAT)})
}

func (e *encoder) ctNAT(a lflow.CTNAT) {
	reg := regZoneDNAT // also what DNAT and SNAT have in common
	if a.Kind == lflow.RouterSNAT {
		reg = regZoneSNAT
	}
	m := e.b.BeginCT(ofp.CT{Commit: a.IP.IsValid(), Table: e.nextTable(), ZoneField: zone(reg)})
	n := ofp.NAT{AddrMin: a.IP, PortMin: a.PortMin, PortMax: a.PortMax, Random: a.PortMax != 0}
	if a.IP.IsValid() {
		n.Src, n.Dst = a.Kind.SNAT(), !a.Kind.SNAT()
	}
	e.b.NAT(n)
	e.b.End(m)
}
