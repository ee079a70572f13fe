package lower

import "github.com/weft-sdn/weft/lflow"

// Log are the arguments of OpLog: a byte of verdict, a byte of severity, and
// the name, which may be empty.
type Log struct {
	Verdict  lflow.LogVerdict
	Severity lflow.LogSeverity
	Name     string
}

// log limits the rate by the action's own meter, not by the flow's.
func (e *encoder) log(a lflow.Log) {
	b := append(appendUserdata(nil, OpLog), byte(a.Verdict), byte(a.Severity))
	e.metered(a.Meter, append(b, a.Name...))
}

func decodeLog(r *reader) Log {
	a := Log{lflow.LogVerdict(r.uint(1)), lflow.LogSeverity(r.uint(1)), string(r.rest())}
	if a.Verdict > lflow.VerdictPass || a.Severity > lflow.SeverityDebug || len(a.Name) > lflow.MaxLogName {
		r.bad = true
	}
	return a
}

// metered sends the packet to the agent, limited by the named meter, or that
// of the flow where the name is empty.
func (e *encoder) metered(name string, userdata []byte) {
	flow := e.meter
	if name != "" {
		e.meter = name
	}
	e.controller(userdata, false)
	e.meter = flow
}
