package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// The tables and handlers of MAC bindings find an IPv4 address in reg0 and an
// IPv6 address in xxreg0. (OVN 23.03 has lookup_nd_ip look in xxreg1, where no
// binding ever is; its main branch does not.) A
// search for an address finds the port in reg15, all others in reg14, and an
// Ethernet address that is known beforehand is in eth_src.

func ipArg(v6 bool, f lflow.Field) arg {
	if v6 {
		return arg{in: ofp.Whole(ofp.XXReg0), src: subfield(f)}
	}
	return arg{in: ofp.Whole(ofp.Reg0), src: subfield(f)}
}

func (e *encoder) getMAC(a lflow.GetMAC) {
	args := [...]arg{{in: ofp.Whole(ofp.Reg15), src: subfield(a.Port)}, ipArg(a.V6, a.IP)}
	e.arguments(args[:]...)
	e.clear(ofp.Whole(ofp.EthDst))
	e.b.Resubmit(TableMACBinding)
	e.restore(args[:]...)
}

// bound are the arguments of the actions that know the whole binding.
func bound(v6 bool, port, ip, mac lflow.Field) [3]arg {
	return [...]arg{
		{in: ofp.Whole(ofp.Reg14), src: subfield(port)},
		ipArg(v6, ip),
		{in: ofp.Whole(ofp.EthSrc), src: subfield(mac)},
	}
}

func (e *encoder) putMAC(a lflow.PutMAC) {
	op := OpPutARP
	if a.V6 {
		op = OpPutND
	}
	args := bound(a.V6, a.Port, a.IP, a.MAC)
	e.arguments(args[:]...)
	e.controller(appendUserdata(nil, op), false)
	e.restore(args[:]...)
}

func (e *encoder) lookupMAC(a lflow.LookupMAC) {
	args := bound(a.V6, a.Port, a.IP, a.MAC)
	e.arguments(args[:]...)
	e.flagLookup(TableMACLookup, FlagLookupMAC)
	e.b.CopyField(flag(FlagLookupMAC), subfield(a.Dst))
	e.restore(args[:]...)
}

func (e *encoder) lookupIP(a lflow.LookupIP) {
	args := [...]arg{{in: ofp.Whole(ofp.Reg15), src: subfield(a.Port)}, ipArg(a.V6, a.IP)}
	e.arguments(args[:]...)
	e.b.StackPush(ofp.Whole(ofp.EthDst)) // the table overwrites it
	e.flagLookup(TableMACBinding, FlagLookupMAC)
	e.b.CopyField(flag(FlagLookupMAC), subfield(a.Dst))
	e.b.StackPop(ofp.Whole(ofp.EthDst))
	e.restore(args[:]...)
}
