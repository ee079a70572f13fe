package store

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
)

// resolver gives named-uuids of a transaction their UUIDs.
func (x *txn) resolver() schema.Resolver {
	return func(name string) (schema.UUID, error) {
		if !schema.IsID(name) {
			return schema.UUID{}, syntaxError(ErrSyntax, schema.EncodeJSON([]string{"named-uuid", name}), "named-uuid string is not a valid <id>")
		}
		return x.resolve(name), nil
	}
}

// columnValue is one member of a <row>.
type columnValue struct {
	c *column
	d schema.Datum
}

// parseRow reads a <row>: RFC 7047 section 5.1. Columns _uuid and _version may
// be there; what they say is for the caller.
func (x *txn) parseRow(t *table, raw json.RawMessage) ([]columnValue, error) {
	members, ok := schema.Members(raw)
	if !ok {
		return nil, syntaxError(ErrSyntax, raw, "row must be JSON object")
	}
	for name := range members {
		if t.byName[name] == nil {
			return nil, syntaxError(ErrUnknownColumn, raw, "No column %s in table %s.", name, t.Name)
		}
	}
	values := make([]columnValue, 0, len(members))
	for _, c := range t.sorted {
		m, ok := members[c.Name]
		if !ok {
			continue
		}
		d, err := schema.ParseDatum(m, &c.Type, x.resolver())
		if err != nil {
			return nil, err
		}
		values = append(values, columnValue{c, d})
	}
	return values, nil
}

// parseColumns reads a <columns>; nil means every column.
func parseColumns(t *table, raw json.RawMessage) ([]*column, error) {
	if raw == nil {
		return t.sorted, nil
	}
	list, _ := schema.Elements(raw)
	seen := map[*column]bool{}
	for _, e := range list {
		if kindOf(e)&isString == 0 {
			return nil, syntaxError(ErrSyntax, raw, "array of distinct column names expected")
		}
		c := t.byName[jsonString(e)]
		if c == nil {
			return nil, syntaxError(ErrSyntax, raw, "%s is not a valid column name", jsonString(e))
		}
		if seen[c] {
			return nil, syntaxError(ErrSyntax, raw, "array of distinct column names expected")
		}
		seen[c] = true
	}
	var cols []*column
	for _, c := range t.sorted {
		if seen[c] {
			cols = append(cols, c)
		}
	}
	return cols, nil
}

// appendRow appends a row as JSON object of the given columns.
func appendRow(b []byte, cols []*column, row schema.Row) []byte {
	b = append(b, '{')
	for i, c := range cols {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), c.Name...), '"', ':')
		b = c.AppendJSON(b, row)
	}
	return append(b, '}')
}
