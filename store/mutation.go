package store

import (
	"encoding/json"
	"math"

	"github.com/weft-sdn/weft/schema"
)

// mutation is one <mutation>: RFC 7047 section 5.1.
type mutation struct {
	c       *column
	mutator string
	arg     schema.Datum
}

func (x *txn) parseMutations(t *table, raw json.RawMessage) ([]mutation, error) {
	list, _ := schema.Elements(raw)
	out := make([]mutation, 0, len(list))
	for _, e := range list {
		m, err := x.parseMutation(t, e)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (x *txn) parseMutation(t *table, raw json.RawMessage) (mutation, error) {
	parts, ok := schema.Elements(raw)
	if !ok || len(parts) != 3 || kindOf(parts[0])&isString == 0 || kindOf(parts[1])&isString == 0 {
		return mutation{}, syntaxError(ErrSyntax, raw, "Parse error in mutation.")
	}
	name, word := jsonString(parts[0]), jsonString(parts[1])
	c := t.byName[name]
	if c == nil {
		return mutation{}, syntaxError(ErrUnknownColumn, raw, "No column %s in table %s.", name, t.Name)
	}
	if c.Index < 0 {
		return mutation{}, syntaxError(ErrConstraint, raw, "Cannot mutate immutable column %s in table %s.", name, t.Name)
	}
	m := mutation{c: c, mutator: word}
	mismatch := func() error {
		return syntaxError(ErrSyntax, raw, "Type mismatch: \"%s\" operator may not be applied to column %s of type %s.", word, name, &c.Type)
	}
	typ := c.Type
	switch word {
	case "+=", "-=", "*=", "/=", "%=":
		integer, real := typ.Key.Kind == schema.KindInteger, typ.Key.Kind == schema.KindReal
		if typ.IsMap() || !integer && !(real && word != "%=") {
			return m, mismatch()
		}
		// Constraints hold for the result, not for the operand.
		typ = schema.Type{Key: schema.NewBaseType(typ.Key.Kind), Min: 1, Max: 1}
	case "insert", "delete":
		if typ.IsScalar() {
			return m, mismatch()
		}
		typ.Min = 0
		if word == "delete" {
			typ.Max = schema.Unlimited
		}
	default:
		return m, Errorf(ErrUnknownMut, "No mutator named %s.", word)
	}
	var err error
	m.arg, err = schema.ParseDatum(parts[2], &typ, x.resolver())
	if err != nil && word == "delete" && typ.IsMap() {
		// A map's pairs may be deleted by their keys alone.
		keys := typ
		keys.Value = schema.BaseType{}
		m.arg, err = schema.ParseDatum(parts[2], &keys, x.resolver())
	}
	return m, err
}

// apply mutates a row that the transaction edits.
//
// Hot path: one member inserted into a set of 10,000 costs a binary search and
// one copy of the set.
func (m *mutation) apply(r *txnRow) error {
	var gone, come schema.Datum
	var err error
	switch m.mutator {
	case "insert":
		if err := m.fits(r.new); err != nil {
			return err
		}
		come, err = m.c.InsertKeys(r.new, m.arg)
	case "delete":
		if err := m.leaves(r.new); err != nil {
			return err
		}
		gone, err = m.c.DeleteKeys(r.new, m.arg)
	default:
		if err = m.compute(r.new); err == nil {
			r.changed(m.c)
		}
		return err
	}
	if err != nil {
		return err
	}
	r.differ(m.c, gone, come, true)
	return nil
}

// fits checks that an insertion does not make the value too large.
func (m *mutation) fits(row schema.Row) error {
	n := m.c.Len(row)
	if n+m.arg.Len() <= m.c.Type.Max {
		return nil
	}
	for _, k := range m.arg.Keys {
		if !m.c.Has(row, k) {
			n++
		}
	}
	return m.stored(n)
}

// leaves checks that a deletion does not make the value too small.
func (m *mutation) leaves(row schema.Row) error {
	if m.c.Type.Min == 0 {
		return nil
	}
	d := m.c.Get(row)
	n := d.Len()
	for i, k := range m.arg.Keys {
		j, ok := d.Find(k)
		if ok && (m.arg.Values == nil || d.Values[j] == m.arg.Values[i]) {
			n--
		}
	}
	return m.stored(n)
}

// stored refuses a number of elements that the type does not allow.
func (m *mutation) stored(n int) error {
	if n < m.c.Type.Min || n > m.c.Type.Max {
		return Errorf(ErrConstraint, "Attempted to store %d elements in %s.", n, &m.c.Type)
	}
	return nil
}

// compute applies arithmetic to every element.
func (m *mutation) compute(row schema.Row) error {
	old := m.c.Get(row)
	keys := make([]schema.Atom, old.Len())
	for i, k := range old.Keys {
		v, err := arithmetic(m.mutator, k, m.arg.Keys[0])
		if err != nil {
			return err
		}
		if err := m.c.Type.Key.Check(v); err != nil {
			return err
		}
		keys[i] = v
	}
	d := schema.SetDatum(keys...)
	if d.Len() != len(keys) {
		return Errorf(ErrConstraint, "Result of \"%s\" operation contains duplicates.", m.mutator)
	}
	return m.c.Set(row, d)
}

func arithmetic(op string, a, b schema.Atom) (schema.Atom, error) {
	if (op == "/=" || op == "%=") && (b.Kind() == schema.KindInteger && b.Int() == 0 || b.Kind() == schema.KindReal && b.Real() == 0) {
		return schema.Atom{}, Errorf(ErrDomain, "Division by zero.")
	}
	if a.Kind() == schema.KindReal {
		v := realArithmetic(op, a.Real(), b.Real())
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return schema.Atom{}, outOfRange(op)
		}
		return schema.RealAtom(v), nil
	}
	v, ok := integerArithmetic(op, a.Int(), b.Int())
	if !ok {
		return schema.Atom{}, outOfRange(op)
	}
	return schema.IntAtom(v), nil
}

func outOfRange(op string) error {
	return Errorf(ErrRange, "Result of \"%s\" operation is out of range.", op)
}

func realArithmetic(op string, a, b float64) float64 {
	switch op {
	case "+=":
		return a + b
	case "-=":
		return a - b
	case "*=":
		return a * b
	}
	return a / b
}

// integerArithmetic returns false where the result needs more than 64 bits.
// b is not zero for division.
func integerArithmetic(op string, a, b int64) (int64, bool) {
	switch op {
	case "+=":
		v := a + b
		return v, (v > a) == (b > 0)
	case "-=":
		v := a - b
		return v, (v < a) == (b > 0)
	case "*=":
		v := a * b
		return v, a == 0 || b == 0 || v/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	case "/=":
		return a / b, !(a == math.MinInt64 && b == -1)
	}
	if b == -1 {
		return 0, true
	}
	return a % b, true
}
