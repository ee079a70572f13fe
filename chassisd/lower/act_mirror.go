package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// mirror clears in_port, so that the copy can go back where it came from.
func (e *encoder) mirror(a lflow.Mirror) {
	key := e.port(a.Port)
	if key == 0 {
		return
	}
	m := e.b.BeginClone()
	e.b.SetField(ofp.InPort16, ofp.U64(0xffff))
	e.b.SetField(ofp.Reg15, ofp.U64(uint64(key)))
	e.b.Resubmit(TableRemoteOutput)
	e.b.End(m)
}
