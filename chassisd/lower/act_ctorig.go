package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// ctOrig has a table answer in the low bits of xxreg1, which other actions
// use for other things: they are restored, but for what Dst is of them. Only
// the saved state has its place, in reg4, for itself.
func (e *encoder) ctOrig(a lflow.CTOrig) {
	var table uint8
	switch a.Kind {
	case lflow.CTOrigIPv4Dst:
		table = TableCTOrigIPv4Dst
	case lflow.CTOrigIPv6Dst:
		table = TableCTOrigIPv6Dst
	case lflow.CTOrigPortDst:
		table = TableCTOrigPortDst
	case lflow.CTOrigProto:
		table = TableCTOrigProto
	case lflow.CTSavedState:
		state := ofp.Sub(ofp.Reg4, 0, a.Kind.Width())
		e.clear(state)
		e.b.Resubmit(TableCTSavedState)
		e.b.CopyField(state, subfield(a.Dst))
		return
	}
	dst := subfield(a.Dst)
	out := ofp.Sub(ofp.XXReg1, 0, a.Kind.Width())
	saved := without(out, dst)
	for _, s := range saved {
		e.b.StackPush(s)
	}
	for lo := 0; lo < int(out.N); lo += 64 {
		e.clear(ofp.Sub(out.Field, lo, min(64, int(out.N)-lo)))
	}
	e.b.Resubmit(table)
	e.b.CopyField(out, dst)
	for i := len(saved) - 1; i >= 0; i-- {
		e.b.StackPop(saved[i])
	}
}

// without returns the parts of s that are not in t.
func without(s, t ofp.Subfield) (parts []ofp.Subfield) {
	lo, hi := int(s.Ofs), int(s.Ofs+s.N)
	from, to := int(t.Ofs), int(t.Ofs+t.N)
	if s.Field != t.Field || from >= hi || to <= lo {
		return []ofp.Subfield{s}
	}
	if from > lo {
		parts = append(parts, ofp.Sub(s.Field, lo, from-lo))
	}
	if to < hi {
		parts = append(parts, ofp.Sub(s.Field, to, hi-to))
	}
	return parts
}
