package store

import (
	"encoding/json"
	"hash/maphash"

	"github.com/weft-sdn/weft/schema"
)

// opSelect is RFC 7047 section 5.2.2. Rows come in the order of their UUIDs,
// those inserted by the same transaction last.
func (e *executor) opSelect(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	where, columns := p.member("where", isArray), p.member("columns", isArray|optional)
	if p.finish() != nil {
		return nil, nil
	}
	cond, cols, err := e.choice(t, where, columns)
	if err != nil || e.dry {
		return nil, err
	}
	var seen distinct
	if columns != nil {
		seen = newDistinct(cols)
	}
	if err := e.write([]byte(`{"rows":[`)); err != nil {
		return nil, err
	}
	n := 0
	var text []byte
	err = e.query(t, cond, func(row schema.Row) error {
		text = append(text[:0], ',')
		text = appendRow(text, cols, row)
		if !seen.first(text) {
			return nil
		}
		if n++; n == 1 {
			return e.write(text[1:])
		}
		return e.write(text)
	})
	if err == nil {
		err = e.write([]byte("]}"))
	}
	return e.written(), err
}

// distinct finds rows that are equal in the columns asked for, which count
// once. It remembers 16 bytes of each, two hashes that nobody can foretell. The
// zero value takes every row for another.
type distinct struct {
	seen  map[[2]uint64]struct{}
	seeds [2]maphash.Seed
}

func newDistinct(cols []*column) distinct {
	for _, c := range cols {
		if c.Name == schema.ColumnUUID {
			return distinct{}
		}
	}
	return distinct{seen: map[[2]uint64]struct{}{}, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// first tells whether a row has not been there yet.
func (d *distinct) first(text []byte) bool {
	if d.seen == nil {
		return true
	}
	key := [2]uint64{maphash.Bytes(d.seeds[0], text), maphash.Bytes(d.seeds[1], text)}
	if _, ok := d.seen[key]; ok {
		return false
	}
	d.seen[key] = struct{}{}
	return true
}
