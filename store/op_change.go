package store

import (
	"encoding/json"
	"strconv"

	"github.com/weft-sdn/weft/schema"
)

func countResult(n int) json.RawMessage {
	return append(strconv.AppendInt([]byte(`{"count":`), int64(n), 10), '}')
}

// opUpdate is RFC 7047 section 5.2.3.
func (e *executor) opUpdate(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	where, raw := p.member("where", isArray), p.member("row", isObject)
	if p.err != nil {
		return nil, nil
	}
	values, err := e.parseRow(t, raw)
	if err != nil {
		return nil, err
	}
	cols := make([]*schema.Column, len(values))
	for i, v := range values {
		if v.c.Index < 0 {
			return nil, syntaxError(ErrConstraint, p.raw, "Cannot update immutable column %s in table %s.", v.c.Name, t.Name)
		}
		cols[i] = v.c.Column
	}
	return e.change(t, where, func(row schema.Row) error {
		if err := e.mayWrite("update", t, cols, row); err != nil || len(values) == 0 {
			return err
		}
		r := e.edit(t, row.RowUUID())
		for _, v := range values {
			if err := v.c.Set(r.new, v.d); err != nil {
				return err
			}
			r.changed(v.c)
		}
		return nil
	})
}

// opMutate is RFC 7047 section 5.2.4.
func (e *executor) opMutate(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	raw, where := p.member("mutations", isArray), p.member("where", isArray)
	if p.err != nil {
		return nil, nil
	}
	mutations, err := e.parseMutations(t, raw)
	if err != nil {
		return nil, err
	}
	cols := make([]*schema.Column, len(mutations))
	for i, m := range mutations {
		cols[i] = m.c.Column
	}
	return e.change(t, where, func(row schema.Row) error {
		if err := e.mayWrite("mutate", t, cols, row); err != nil || len(mutations) == 0 {
			return err
		}
		r := e.edit(t, row.RowUUID())
		for i := range mutations {
			if err := mutations[i].apply(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// opDelete is RFC 7047 section 5.2.5.
func (e *executor) opDelete(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	where := p.member("where", isArray)
	if p.err != nil {
		return nil, nil
	}
	return e.change(t, where, func(row schema.Row) error {
		if err := e.mayWrite("delete", t, t.Columns, row); err != nil {
			return err
		}
		e.drop(t, row.RowUUID())
		return nil
	})
}

// change does what the operation says with each row that where asks for, and
// counts them.
func (e *executor) change(t *table, where json.RawMessage, do func(schema.Row) error) (json.RawMessage, error) {
	cond, err := e.where(t, where)
	if err != nil {
		return nil, err
	}
	rows, err := e.matching(t, cond)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := do(row); err != nil {
			return nil, err
		}
	}
	return countResult(len(rows)), nil
}
