package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func (e *encoder) set(a lflow.Set) {
	if a.Dst.Symbol().Kind == lflow.KindVirtual {
		e.setVirtual(a)
		return
	}
	dst := subfield(a.Dst)
	switch c := a.Value; {
	case c.IsString:
		e.b.SetField(dst.Field, ofp.U64(uint64(e.port(c.Str))))
	case c.Masked:
		e.b.SetFieldMasked(dst.Field, u128(c.Value).Shl(int(dst.Ofs)), u128(c.Mask).Shl(int(dst.Ofs)))
	default:
		e.b.Load(dst, u128(c.Value))
	}
}
