package lower

import "github.com/weft-sdn/weft/lflow"

func (e *encoder) exchange(a lflow.Exchange) {
	x, y := subfield(a.A), subfield(a.B)
	e.b.StackPush(y)
	e.b.StackPush(x)
	e.b.StackPop(y)
	e.b.StackPop(x)
}
