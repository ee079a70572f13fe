package trace

import (
	"slices"

	"github.com/weft-sdn/weft/lflow"
)

// selectValue stores the value that the options name or choose, and goes on
// in the next table.
func (x *exec) selectValue(a lflow.Select) {
	v, remark := lflow.U(uint64(x.opts.SelectID)), ""
	if !offers(a, v) {
		v = a.Choices[x.choose(len(a.Choices))].Value
		remark = " /* Randomly selected. Use --select-id to specify. */"
	}
	p := x.p.clone()
	p.set(a.Dst, v)
	set := lflow.Set{Dst: a.Dst, Value: lflow.Constant{Value: v}}.Append(nil)
	x.fork(p, "select: "+string(set[:len(set)-1])+remark)
}

func offers(a lflow.Select, v lflow.Value) bool {
	for _, c := range a.Choices {
		if c.Value == v {
			return true
		}
	}
	return false
}

// fwdGroup outputs to one of those ports that there are.
func (x *exec) fwdGroup(a lflow.FwdGroup) {
	ports := slices.DeleteFunc(slices.Clone(a.Ports), func(name string) bool { return x.port(name) == nil })
	if len(ports) == 0 {
		return
	}
	p := x.p.clone()
	p.outport = ports[x.choose(len(ports))]
	sub := x.on(p, x.super)
	sub.output()
}
