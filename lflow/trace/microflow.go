package trace

import (
	"errors"
	"fmt"

	"github.com/weft-sdn/weft/lflow"
)

// errContradictory is what a microflow is that no packet can satisfy.
var errContradictory = errors.New("constraints are contradictory")

// Microflow makes the packet that an expression describes. What it does not
// mention is zero; what it leaves open is an error.
func (n *Network) Microflow(text string) (*Packet, error) {
	e, err := lflow.ParseMatch(text, n.options())
	if err != nil {
		return nil, fmt.Errorf("error parsing flow: %w", err)
	}
	e = lflow.Annotate(e)
	m := &microflow{p: &Packet{values: map[int]lflow.Value{}, net: n}, known: map[int]lflow.Value{}}
	ambiguous, err := m.solve(lflow.Simplify(e, n.resident))
	switch {
	case err != nil:
		return nil, fmt.Errorf("error parsing flow: %w", err)
	case ambiguous:
		return nil, fmt.Errorf("error parsing flow: constraints are ambiguous: %s", e.Canonical())
	}
	return m.p, nil
}

// maxWays is how many alternatives are looked into.
const maxWays = 256

// microflow is a packet of which some bits are known.
type microflow struct {
	p     *Packet
	known map[int]lflow.Value
}

func (m *microflow) clone() *microflow {
	c := &microflow{p: m.p.clone(), known: make(map[int]lflow.Value, len(m.known))}
	for k, v := range m.known {
		c.known[k] = v
	}
	return c
}

// solve fixes the bits that a simplified expression asks for; ambiguous means
// that it can be satisfied in several ways.
func (m *microflow) solve(e *lflow.Expr) (ambiguous bool, err error) {
	if e.Op != lflow.OpAnd {
		e = &lflow.Expr{Op: lflow.OpAnd, Args: []*lflow.Expr{e}}
	}
	var open []*lflow.Expr
	for _, a := range e.Args {
		switch a.Op {
		case lflow.OpCmp:
			if !m.fix(a) {
				return false, errContradictory
			}
		case lflow.OpConst:
			if a.IsFalse() {
				return false, errContradictory
			}
		default:
			open = append(open, a)
		}
	}
	// An alternative that is decided may decide another one.
	for len(open) > 0 {
		var left []*lflow.Expr
		for _, a := range open {
			ambiguous, err := m.decide(a)
			if err != nil {
				return false, err
			}
			if ambiguous {
				left = append(left, a)
			}
		}
		if len(left) == len(open) {
			return true, nil
		}
		open = left
	}
	return false, nil
}

// decide takes the one alternative of an OR that is possible, or that all
// other possible ones imply.
func (m *microflow) decide(or *lflow.Expr) (ambiguous bool, err error) {
	type way struct {
		m *microflow
		e *lflow.Expr
	}
	if len(or.Args) > maxWays {
		return true, nil
	}
	var ways []way
	for _, a := range or.Args {
		c := m.clone()
		switch ambiguous, err := c.solve(a); {
		case err == nil && ambiguous:
			return true, nil
		case err == nil:
			ways = append(ways, way{c, a})
		}
	}
	if len(ways) == 0 {
		return false, errContradictory
	}
	for _, w := range ways {
		weakest := true
		for _, o := range ways {
			weakest = weakest && o.m.implies(w.e)
		}
		if weakest {
			*m = *w.m
			return false, nil
		}
	}
	return true, nil
}

// fix sets the bits of a comparison; false if they are set otherwise already.
func (m *microflow) fix(e *lflow.Expr) bool {
	s := e.Sym
	known := m.known[s.Index]
	if s.IsString() {
		if !known.IsZero() {
			return m.p.Text(s) == e.Str
		}
		m.known[s.Index] = lflow.U(1)
		if s == lflow.Inport.Symbol() {
			m.p.inport = e.Str
		} else {
			m.p.outport = e.Str
		}
		return true
	}
	v := m.p.values[s.Index]
	if !v.Xor(e.Value).And(known).And(e.Mask).IsZero() {
		return false
	}
	m.p.values[s.Index] = v.AndNot(e.Mask).Or(e.Value)
	m.known[s.Index] = known.Or(e.Mask)
	return true
}

// implies tells whether what is known is enough for e to be true.
func (m *microflow) implies(e *lflow.Expr) bool {
	switch e.Op {
	case lflow.OpConst:
		return e.IsTrue()
	case lflow.OpCmp:
		s := e.Sym
		if s.IsString() {
			return !m.known[s.Index].IsZero() && m.p.Text(s) == e.Str
		}
		return e.Mask.AndNot(m.known[s.Index]).IsZero() && m.p.values[s.Index].And(e.Mask) == e.Value
	case lflow.OpAnd, lflow.OpOr:
		for _, a := range e.Args {
			if m.implies(a) == (e.Op == lflow.OpOr) {
				return e.Op == lflow.OpOr
			}
		}
		return e.Op == lflow.OpAnd
	}
	return false
}
