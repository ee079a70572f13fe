package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// The tables and the handler of the FDB find the port in reg14 and the
// address in eth_src; a search for a port finds the address in eth_dst and
// answers in reg15.
func fdbArgs(port, mac lflow.Field) [2]arg {
	return [2]arg{
		{in: ofp.Whole(ofp.Reg14), src: subfield(port)},
		{in: ofp.Whole(ofp.EthSrc), src: subfield(mac)},
	}
}

func (e *encoder) putFDB(a lflow.PutFDB) {
	args := fdbArgs(a.Port, a.MAC)
	e.arguments(args[:]...)
	e.controller(appendUserdata(nil, OpPutFDB), false)
	e.restore(args[:]...)
}

func (e *encoder) lookupFDB(a lflow.LookupFDB) {
	args := fdbArgs(a.Port, a.MAC)
	e.arguments(args[:]...)
	e.flagLookup(TableLookupFDB, FlagLookupFDB)
	e.restore(args[:]...)
	e.b.CopyField(flag(FlagLookupFDB), subfield(a.Dst))
}

func (e *encoder) getFDB(a lflow.GetFDB) {
	mac := arg{in: ofp.Whole(ofp.EthDst), src: subfield(a.MAC)}
	out := ofp.Whole(ofp.Reg15)
	e.arguments(mac)
	e.clear(out)
	e.b.Resubmit(TableGetFDB)
	e.restore(mac)
	if dst := subfield(a.Dst); dst != out {
		e.b.CopyField(out, dst)
	}
}
