package trace

import (
	"cmp"

	"github.com/weft-sdn/weft/lflow"
)

func (x *exec) log(a lflow.Log) {
	direction := "IN"
	if x.at.pipeline == lflow.Egress {
		direction = "OUT"
	}
	x.super.addf(Transform, `LOG: ACL name=%s, direction=%s, verdict=%s, severity=%s, packet="%s"`,
		cmp.Or(a.Name, "<unnamed>"), direction, a.Verdict, a.Severity, x.p.OpenFlow())
}
