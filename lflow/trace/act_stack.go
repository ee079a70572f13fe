package trace

import (
	"slices"

	"github.com/weft-sdn/weft/lflow"
)

func (x *exec) push(a lflow.Push) {
	v := x.p.get(a.Src)
	x.p.stack = append(slices.Clip(x.p.stack), v)
	x.super.addf(Change, "push(%s) -> %s", a.Src, hex(v))
}

func (x *exec) pop(a lflow.Pop) {
	n := len(x.p.stack)
	if n == 0 {
		x.super.add(Problem, "*** pop of an empty stack")
		return
	}
	v := x.p.stack[n-1].And(lflow.Ones(a.Dst.Width()))
	x.p.stack = x.p.stack[:n-1]
	x.p.set(a.Dst, v)
	x.super.addf(Change, "pop(%s) <- %s", a.Dst, hex(v))
}
