package lower

import (
	"encoding/binary"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// BindVport are the arguments of OpBindVport: 4 bytes, the tunnel key of the
// virtual port. The key of its parent is in reg14.
type BindVport struct{ VPort uint32 }

// bindVport does nothing where the virtual port is unknown.
func (e *encoder) bindVport(a lflow.BindVport) {
	key := e.port(a.VPort)
	if key == 0 {
		return
	}
	parent := arg{in: ofp.Whole(ofp.Reg14), src: subfield(a.Port)}
	e.arguments(parent)
	e.controller(binary.BigEndian.AppendUint32(appendUserdata(nil, OpBindVport), key), false)
	e.restore(parent)
}

func decodeBindVport(r *reader) BindVport { return BindVport{VPort: uint32(r.uint(4))} }
