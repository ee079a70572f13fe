package store

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// opWait is RFC 7047 section 5.2.6.
func (e *executor) opWait(p *opParser) (json.RawMessage, error) {
	t := e.table(p)
	timeout := p.member("timeout", isInteger|optional)
	where, columns := p.member("where", isArray), p.member("columns", isArray|optional)
	until, _ := p.text("until", isString)
	rows := p.member("rows", isArray)
	if p.err != nil {
		return nil, nil
	}
	cond, cols, err := e.choice(t, where, columns)
	if err != nil {
		return nil, err
	}
	if until != "==" && until != "!=" {
		return nil, syntaxError(ErrSyntax, p.members["until"], "\"until\" must be \"==\" or \"!=\"")
	}
	ms, _ := jsonInteger(timeout)
	if ms < 0 {
		return nil, syntaxError(ErrSyntax, timeout, "timeout must be nonnegative")
	}
	same, err := e.sameRows(t, cond, cols, rows)
	if err != nil || same == (until == "==") {
		return json.RawMessage("{}"), err
	}
	limit := time.Duration(min(ms, int64(time.Duration(1<<62)/time.Millisecond))) * time.Millisecond
	switch {
	case timeout != nil && ms == 0:
		return nil, Errorf(ErrTimedOut, "\"where\" clause test failed")
	case timeout != nil && e.elapsed >= limit:
		return nil, Errorf(ErrTimedOut, "\"wait\" timed out after %d ms", ms)
	}
	return nil, &blocked{on: e.read, timeout: limit}
}

// sameRows tells whether the rows that match are, in the given columns, the
// rows that are expected: as sets, equal rows counting once.
func (e *executor) sameRows(t *table, cond Condition, cols []*column, raw json.RawMessage) (bool, error) {
	list, _ := schema.Elements(raw)
	want := make(map[string]bool, len(list))
	for _, r := range list {
		values, err := e.parseRow(t, r)
		if err != nil {
			return false, err
		}
		want[string(expected(t, cols, values))] = true
	}
	have := map[string]bool{}
	var text []byte
	err := e.query(t, cond, func(row schema.Row) error {
		text = appendRow(text[:0], cols, row)
		if !want[string(text)] {
			return errEnough
		}
		have[string(text)] = true
		return nil
	})
	if errors.Is(err, errEnough) {
		return false, nil
	}
	return len(have) == len(want), err
}

// expected is a row to wait for, written as appendRow writes one. Columns that
// it does not give have their defaults.
func expected(t *table, cols []*column, values []columnValue) []byte {
	b := []byte{'{'}
	for i, c := range cols {
		if i > 0 {
			b = append(b, ',')
		}
		d := c.Type.Default()
		for _, v := range values {
			if v.c == c {
				d = v.d
			}
		}
		b = append(append(append(b, '"'), c.Name...), '"', ':')
		b = d.AppendJSON(b, &c.Type)
	}
	return append(b, '}')
}
