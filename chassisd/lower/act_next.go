package lower

import "github.com/weft-sdn/weft/lflow"

func (e *encoder) next(a lflow.Next) {
	table := e.nextTable()
	if a.Jump {
		l := a.Pipeline
		if l == lflow.SamePipeline {
			l = e.at.Pipeline
		}
		table = e.goTo(l, int(a.Table))
	}
	e.b.Resubmit(table)
}
