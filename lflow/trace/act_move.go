package trace

import "github.com/weft-sdn/weft/lflow"

// move copies a field to another one.
func (x *exec) move(a lflow.Move) {
	if a.Dst.Symbol().IsString() {
		x.p.setText(a.Dst, x.p.text(a.Src))
		return
	}
	x.store(a.Dst, x.p.get(a.Src), a.Src)
}

// exchange swaps two fields.
func (x *exec) exchange(a lflow.Exchange) {
	if a.A.Symbol().IsString() {
		v, w := x.p.text(a.A), x.p.text(a.B)
		x.p.setText(a.A, w)
		x.p.setText(a.B, v)
		return
	}
	v, w := x.p.get(a.A), x.p.get(a.B)
	x.store(a.A, w, a.B)
	x.store(a.B, v, a.A)
}

// decTTL decrements the TTL; the switch does not forward what has none left.
func (x *exec) decTTL() {
	ttl := x.p.get(lflow.IPTTL)
	if ttl.IsZero() {
		x.super.add(Problem, "*** TTL underflow")
		return
	}
	x.p.set(lflow.IPTTL, lflow.U(ttl.Lo-1))
	x.super.add(Change, "ip.ttl--")
}
