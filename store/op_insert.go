package store

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
)

// opInsert is RFC 7047 section 5.2.1, with ovsdb-server's member "uuid".
func (e *executor) opInsert(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	name, named := p.text("uuid-name", isID|optional)
	text, given := p.text("uuid", isString|optional)
	raw := p.member("row", isObject)
	if p.err != nil {
		return nil, nil
	}
	id := schema.NewUUID()
	if given {
		var err error
		if id, err = schema.ParseUUID(text); err != nil {
			return nil, syntaxError(ErrSyntax, p.members["uuid"], "bad uuid")
		}
		if id.IsZero() || e.known(t, id) {
			return nil, syntaxError(ErrDuplicateUUID, p.members["uuid"], "This UUID would duplicate a UUID already present within the table or deleted within the same transaction.")
		}
	}
	if named {
		n, ok := e.named[name]
		switch {
		case !ok:
			e.named[name] = &namedUUID{id: id, declared: true}
		case n.declared:
			return nil, syntaxError(ErrDuplicateName, p.members["uuid-name"], "This \"uuid-name\" appeared on an earlier \"insert\" operation.")
		default:
			n.declared = true
			if given {
				n.id = id
			} else {
				id = n.id
			}
		}
	}
	values, err := e.parseRow(t, raw)
	if err != nil {
		return nil, err
	}
	row, cols, err := fill(t, id, values)
	if err != nil {
		return nil, err
	}
	if err := e.mayWrite("insert", t, cols, row); err != nil {
		return nil, err
	}
	e.insert(t, row)
	return append(schema.UUIDAtom(id).AppendJSON([]byte(`{"uuid":`)), '}'), nil
}

// fill makes a new row of the given values and defaults.
func fill(t *table, id schema.UUID, values []columnValue) (schema.Row, []*schema.Column, error) {
	row := t.New(id)
	given := make([]bool, len(t.byCol))
	var cols []*schema.Column
	for _, v := range values {
		if v.c.Index < 0 {
			continue // as ovsdb-server, which then overwrites it
		}
		if err := v.c.Set(row, v.d); err != nil {
			return nil, nil, err
		}
		given[v.c.Index] = true
		cols = append(cols, v.c.Column)
	}
	for i, c := range t.byCol {
		if c.unset != nil && !given[i] {
			return nil, nil, c.unset
		}
	}
	return row, cols, nil
}
