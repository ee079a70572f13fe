package lower

import "github.com/weft-sdn/weft/lflow"

func (e *encoder) setMeter(a lflow.SetMeter) {
	if e.env.RateMeter == nil {
		return
	}
	e.asked = true
	if id := e.env.RateMeter(a.Rate, a.Burst); id != 0 {
		e.b.Meter(id)
	}
}
