package ovsdb

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// condition is the <where> of a monitor: unlike an operation's, a row matches
// if it matches any clause (ovsdb-server(7) section 4.1.12).
type condition struct {
	always bool
	// equal holds the values of "==" clauses on columns of exactly one value,
	// of which clients send thousands.
	equal []equalClauses
	rest  store.Condition
	size  int // bytes of JSON
}

type equalClauses struct {
	col    *schema.Column
	values map[schema.Atom]struct{}
}

// parseCondition reads a condition. One that is missing or empty is true.
func parseCondition(t *schema.Table, raw json.RawMessage) (*condition, error) {
	c := &condition{size: len(raw)}
	if raw == nil {
		c.always = true
		return c, nil
	}
	clauses, err := store.ParseCondition(t, raw, nil)
	if err != nil {
		return nil, err
	}
	c.always = len(clauses) == 0
	for _, clause := range clauses {
		c.add(clause)
	}
	return c, nil
}

func (c *condition) add(clause store.Clause) {
	switch {
	case clause.Column == nil:
		c.always = c.always || clause.Constant
	case clause.Function == store.Equal && clause.Column.Type.IsScalar():
		c.addEqual(clause.Column, clause.Value.Keys[0])
	default:
		c.rest = append(c.rest, clause)
	}
}

func (c *condition) addEqual(col *schema.Column, v schema.Atom) {
	for _, e := range c.equal {
		if e.col == col {
			e.values[v] = struct{}{}
			return
		}
	}
	c.equal = append(c.equal, equalClauses{col, map[schema.Atom]struct{}{v: {}}})
}

func (c *condition) match(row schema.Row) bool {
	if c.always {
		return true
	}
	for _, e := range c.equal {
		if _, ok := e.values[e.col.Get(row).Keys[0]]; ok {
			return true
		}
	}
	for i := range c.rest {
		if c.rest[i : i+1].Match(row) {
			return true
		}
	}
	return false
}
