package store

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
)

// Condition is the <where> of an operation or monitor: RFC 7047 section 5.1.
// A row matches if it matches every clause.
type Condition []Clause

// Clause is one comparison of a column with a value, or a constant.
type Clause struct {
	Column   *schema.Column // nil: Constant
	Constant bool
	Function Function
	Value    schema.Datum
}

// Function is how a clause compares.
type Function uint8

// The functions of RFC 7047 section 5.1.
const (
	Equal Function = iota
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	Includes
	Excludes
)

func parseFunction(s string) (Function, bool) {
	switch s {
	case "==":
		return Equal, true
	case "!=":
		return NotEqual, true
	case "<":
		return Less, true
	case "<=":
		return LessOrEqual, true
	case ">":
		return Greater, true
	case ">=":
		return GreaterOrEqual, true
	case "includes":
		return Includes, true
	case "excludes":
		return Excludes, true
	}
	return 0, false
}

// ParseCondition reads a JSON array of clauses. The error is a *schema.Error
// in ovsdb-server's words. resolve may be nil where no named-uuids can occur.
func ParseCondition(t *schema.Table, raw json.RawMessage, resolve schema.Resolver) (Condition, error) {
	list, ok := schema.Elements(raw)
	if !ok {
		return nil, syntaxError(ErrSyntax, raw, "array expected")
	}
	c := make(Condition, 0, len(list))
	for _, clause := range list {
		p, err := parseClause(t, clause, resolve)
		if err != nil {
			return nil, err
		}
		c = append(c, p)
	}
	return c, nil
}

func parseClause(t *schema.Table, raw json.RawMessage, resolve schema.Resolver) (Clause, error) {
	if kindOf(raw) == isBool {
		return Clause{Constant: raw[0] == 't'}, nil
	}
	parts, ok := schema.Elements(raw)
	if !ok || len(parts) != 3 || kindOf(parts[0])&isString == 0 || kindOf(parts[1])&isString == 0 {
		return Clause{}, syntaxError(ErrSyntax, raw, "Parse error in condition.")
	}
	name, word := jsonString(parts[0]), jsonString(parts[1])
	col := t.Column(name)
	if col == nil {
		return Clause{}, syntaxError(ErrUnknownColumn, raw, "No column %s in table %s.", name, t.Name)
	}
	f, ok := parseFunction(word)
	if !ok {
		return Clause{}, Errorf(ErrUnknownFunc, "No function named %s.", word)
	}
	typ := col.Type
	switch f {
	case Less, LessOrEqual, Greater, GreaterOrEqual:
		number := typ.Key.Kind == schema.KindInteger || typ.Key.Kind == schema.KindReal
		if !number || !typ.IsScalar() && !typ.IsOptional() {
			return Clause{}, syntaxError(ErrSyntax, raw, "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.", word, name, &typ)
		}
		typ.Min = 1
	case Includes:
		if !typ.IsScalar() {
			typ.Min = 0
		}
	case Excludes:
		if !typ.IsScalar() {
			typ.Min, typ.Max = 0, schema.Unlimited
		}
	}
	d, err := schema.ParseDatum(parts[2], &typ, resolve)
	if err != nil {
		return Clause{}, err
	}
	return Clause{Column: col, Function: f, Value: d}, nil
}

// Match tells whether a row matches.
func (c Condition) Match(row schema.Row) bool {
	for i := range c {
		if !c[i].match(row) {
			return false
		}
	}
	return true
}

func (c *Clause) match(row schema.Row) bool {
	if c.Column == nil {
		return c.Constant
	}
	switch c.Function {
	case Includes:
		if c.Value.Values == nil {
			return c.count(row) == c.Value.Len()
		}
		return c.Column.Get(row).Includes(c.Value)
	case Excludes:
		if c.Value.Values == nil {
			return c.count(row) == 0
		}
		return c.Column.Get(row).Excludes(c.Value)
	}
	have := c.Column.Get(row)
	switch c.Function {
	case Equal:
		return have.Equal(c.Value)
	case NotEqual:
		return !have.Equal(c.Value)
	}
	if have.Len() != 1 || c.Value.Len() != 1 {
		return false
	}
	o := have.Keys[0].Compare(c.Value.Keys[0])
	switch c.Function {
	case Less:
		return o < 0
	case LessOrEqual:
		return o <= 0
	case Greater:
		return o > 0
	}
	return o >= 0
}

// count tells how many of the clause's keys the row has.
func (c *Clause) count(row schema.Row) int {
	n := 0
	for _, k := range c.Value.Keys {
		if c.Column.Has(row, k) {
			n++
		}
	}
	return n
}

// uuid returns the one row that can match, if a clause says so.
func (c Condition) uuid() (schema.UUID, bool) {
	for i := range c {
		if col := c[i].Column; col != nil && col.Name == schema.ColumnUUID && c[i].Function == Equal {
			return c[i].Value.Keys[0].UUID(), true
		}
	}
	return schema.UUID{}, false
}

// equals returns the value that a column must have to match.
func (c Condition) equals(col *schema.Column) (schema.Datum, bool) {
	for i := range c {
		if c[i].Column == col && c[i].Function == Equal {
			return c[i].Value, true
		}
	}
	return schema.Datum{}, false
}
