package lower

import (
	"fmt"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// fwdGroup makes a group with a bucket per port that there is. The liveness
// of one that is reached through a tunnel is that of the tunnel's port.
func (e *encoder) fwdGroup(a lflow.FwdGroup) error {
	g := selectGroup("")
	g.kind = fmt.Sprint(e.env.Scope)
	for _, name := range a.Ports {
		key := e.port(name)
		if key == 0 {
			continue
		}
		var b ofp.ActionBuilder
		b.Load(ofp.Sub(ofp.Reg15, 0, 16), ofp.U64(uint64(key)))
		b.Resubmit(e.tables.Output)
		k := g.bucket(lbWeight, b.Actions())
		if a.Liveness && e.env.TunnelPort != nil {
			k.WatchPort = e.env.TunnelPort(name)
		}
	}
	return e.group(g)
}
