package trace

import "github.com/weft-sdn/weft/lflow"

// mirror outputs a copy to a port.
func (x *exec) mirror(a lflow.Mirror) {
	if x.port(a.Port) == nil {
		return // the port is not there, nor is the copy
	}
	p := x.p.clone()
	p.outport = a.Port
	sub := x.on(p, x.super.add(Transform, "mirror"))
	sub.send()
}
