package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Registers that hold conntrack zones, in their low 16 bits.
const (
	regZonePort = ofp.Reg13
	regZoneDNAT = ofp.Reg11
	regZoneSNAT = ofp.Reg12
)

func zone(reg ofp.Field) ofp.Subfield { return ofp.Sub(reg, 0, 16) }

func (e *encoder) ctNext(a lflow.CTNext) {
	reg := regZonePort
	switch {
	case e.env.Router && a.SNAT:
		reg = regZoneSNAT
	case e.env.Router:
		reg = regZoneDNAT
	}
	e.b.CT(ofp.CT{Table: e.nextTable(), ZoneField: zone(reg)})
}
