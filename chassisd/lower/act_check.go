package lower

import "github.com/weft-sdn/weft/lflow"

func (e *encoder) check(a lflow.Check) {
	var table uint8
	var bit int
	switch a.Kind {
	case lflow.CheckLBHairpin:
		table, bit = TableLBHairpin, FlagHairpin
	case lflow.CheckLBHairpinReply:
		table, bit = TableLBHairpinReply, FlagHairpin
	case lflow.CheckECMPNextHopMAC:
		table, bit = TableECMPNextHopMAC, FlagECMPReply
	case lflow.CheckECMPNextHop:
		table, bit = TableECMPNextHop, FlagECMPReply
	case lflow.CheckLBAffinity:
		table, bit = TableLBAffinity, FlagLBAffinity
	}
	e.flagLookup(table, bit)
	e.b.CopyField(flag(bit), subfield(a.Dst))
}

func (e *encoder) visit(a lflow.Visit) {
	switch a.Kind {
	case lflow.VisitCTSNATToVIP:
		e.b.Resubmit(TableCTSNATHairpin)
	case lflow.VisitFloodRemote:
		e.b.Resubmit(TableFloodRemote)
	case lflow.VisitMACCacheUse:
		e.b.Resubmit(TableMACCacheUse)
	}
}
