package lower

import "github.com/weft-sdn/weft/lflow"

func (e *encoder) checkPortSec(a lflow.CheckPortSec) {
	table := uint8(TableInPortSec)
	if a.Out {
		table = TableOutPortSec
	}
	e.flagLookup(table, FlagPortSec)
	e.b.CopyField(flag(FlagPortSec), subfield(a.Dst))
}

// flagLookup looks the packet up in a table whose flows answer in a flag.
func (e *encoder) flagLookup(table uint8, bit int) {
	e.clear(flag(bit))
	e.b.Resubmit(table)
}
