package lower

import "github.com/weft-sdn/weft/lflow"

func (e *encoder) clone(a lflow.Clone) error {
	m := e.b.BeginClone()
	err := e.all(a.Actions)
	e.b.End(m)
	return err
}
