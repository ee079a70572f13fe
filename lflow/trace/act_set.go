package trace

import (
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// assign sets a field to a constant. A port that this datapath does not have
// is no port.
func (x *exec) assign(a lflow.Set, text string) {
	if a.Value.IsString {
		x.setPort(a.Dst, a.Value.Str)
		return
	}
	if a.Dst.Symbol().Kind == lflow.KindVirtual { // the packet has no such field here
		x.super.add(Change, strings.TrimSuffix(text, ";"))
		return
	}
	mask := lflow.Ones(a.Dst.Width())
	if a.Value.Masked {
		mask = a.Value.Mask
	}
	x.p.setMasked(a.Dst, a.Value.Value, mask)
	if !isMetadata(a.Dst) {
		x.super.add(Change, strings.TrimSuffix(text, ";"))
	}
}

func (x *exec) setPort(dst lflow.Field, name string) {
	if x.port(name) == nil && x.dp.groups[name] == nil {
		name = ""
	}
	x.p.setText(dst, name)
}

// store sets a field to the value that another one has, and notes it in that
// one's notation.
func (x *exec) store(dst lflow.Field, v lflow.Value, src lflow.Field) {
	x.p.set(dst, v)
	if !isMetadata(dst) {
		set := lflow.Set{Dst: dst, Value: lflow.Constant{Value: v, Notation: notation(src)}}
		x.super.add(Change, strings.TrimSuffix(string(set.Append(nil)), ";"))
	}
}
