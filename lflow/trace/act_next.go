package trace

import "github.com/weft-sdn/weft/lflow"

func (x *exec) next(a lflow.Next) {
	to := place{x.at.pipeline, x.at.table + 1}
	if a.Jump {
		to.table = int(a.Table)
		if a.Pipeline != lflow.SamePipeline {
			to.pipeline = a.Pipeline
		}
	}
	super := x.super
	if to.pipeline != x.at.pipeline {
		field, port := "inport", x.p.inport
		if to.pipeline == lflow.Egress {
			field, port = "outport", x.p.outport
		}
		super = super.addf(Pipeline, `%s(dp="%s", %s="%s")`, to.pipeline, x.names.datapath(x.dp), field, x.names.port(port))
	}
	x.table(x.dp, to, x.p, super)
}
