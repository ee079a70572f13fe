package store

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
)

// opSelect is RFC 7047 section 5.2.2. Rows come in the order of their UUIDs,
// those inserted by the same transaction last.
func (e *executor) opSelect(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	where, columns := p.member("where", isArray), p.member("columns", isArray|optional)
	if p.err != nil {
		return nil, nil
	}
	cond, cols, err := e.choice(t, where, columns)
	if err != nil {
		return nil, err
	}
	out := []byte(`{"rows":[`)
	n := 0
	seen := map[string]bool{}
	err = e.query(t, cond, func(row schema.Row) error {
		start := len(out)
		if n > 0 {
			out = append(out, ',')
		}
		at := len(out)
		out = appendRow(out, cols, row)
		if columns != nil {
			// Rows that are equal in the columns asked for count once.
			if seen[string(out[at:])] {
				out = out[:start]
				return nil
			}
			seen[string(out[at:])] = true
		}
		n++
		return nil
	})
	return append(out, "]}"...), err
}
