package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func (e *encoder) checkEVPNARP(a lflow.CheckEVPNARP) {
	ip := ipArg(a.IP.Width() == 128, a.IP)
	e.arguments(ip)
	e.flagLookup(TableEVPNARP, FlagEVPNARP)
	e.b.CopyField(flag(FlagEVPNARP), subfield(a.Dst))
	e.restore(ip)
}

func (e *encoder) getRemoteFDB(a lflow.GetRemoteFDB) {
	mac := arg{in: ofp.Whole(ofp.EthDst), src: subfield(a.MAC)}
	out := ofp.Whole(ofp.Reg1)
	e.arguments(mac)
	e.clear(out)
	e.b.Resubmit(TableGetRemoteFDB)
	e.restore(mac)
	e.b.CopyField(out, subfield(a.Dst))
}
