package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func (e *encoder) selectOne(a lflow.Select) error {
	g := selectGroup(a.HashFields)
	next := e.nextTable()
	g.kind = string([]byte{next})
	for _, c := range a.Choices {
		var b ofp.ActionBuilder
		b.Load(subfield(a.Dst), u128(c.Value))
		b.Resubmit(next)
		g.bucket(c.Weight, b.Actions())
	}
	return e.group(g)
}
