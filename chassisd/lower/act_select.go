package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func (e *encoder) selectOne(a lflow.Select) error {
	g := selectGroup(a.HashFields)
	for _, c := range a.Choices {
		var b ofp.ActionBuilder
		b.Load(subfield(a.Dst), u128(c.Value))
		b.Resubmit(e.nextTable())
		g.bucket(c.Weight, b.Actions())
	}
	return e.group(g)
}
