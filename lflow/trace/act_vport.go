package trace

import "github.com/weft-sdn/weft/lflow"

// bindVport binds a virtual port to where its parent is.
func (x *exec) bindVport(a lflow.BindVport) {
	parent := x.p.text(a.Port)
	x.learn(func(l *Learned) { put(&l.parents, a.VPort, parent) })
}

// resident answers is_chassis_resident; a virtual port that was bound is where
// its parent is.
func (r *run) resident(port string) bool {
	if parent, ok := r.learned().parents[port]; ok {
		return r.net.resident(parent)
	}
	return r.net.resident(port)
}
