package model

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema/nb"
)

// Sampling is what an ACL asks to be sampled: the observation point, and an
// action for each collector.
type Sampling struct {
	Point   uint32
	Actions []lflow.Sample
}

// On tells whether anything is sampled.
func (s Sampling) On() bool { return len(s.Actions) > 0 }

// Do samples, and goes on.
func (s Sampling) Do(then ...lflow.Action) []lflow.Action {
	var as []lflow.Action
	for _, a := range s.Actions {
		as = append(as, a)
	}
	return append(as, then...)
}

// ACLSampling returns what an ACL asks to be sampled: of packets that begin
// connections, and of those of connections. It notes what is wrong. A nil one
// samples nothing.
type ACLSampling func(r *incr.Reader, row *nb.ACL, problem func(column, reason string)) (fresh, established Sampling)

// Of calls the function, if there is one.
func (s ACLSampling) Of(r *incr.Reader, row *nb.ACL, problem func(column, reason string)) (fresh, established Sampling) {
	if s == nil {
		return fresh, established
	}
	return s(r, row, problem)
}
