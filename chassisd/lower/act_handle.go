package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// handleSvcCheck: the handler finds the port in reg14.
func (e *encoder) handleSvcCheck(a lflow.HandleSvcCheck) {
	port := arg{in: ofp.Whole(ofp.Reg14), src: subfield(a.Port)}
	e.arguments(port)
	e.controller(appendUserdata(nil, OpSvcCheck), false)
	e.restore(port)
}

func (e *encoder) handleDHCPv6Reply() { e.controller(appendUserdata(nil, OpDHCPv6Reply), false) }

func (e *encoder) handleBFD() { e.controller(appendUserdata(nil, OpBFD), false) }
