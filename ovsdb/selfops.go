package ovsdb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// selfTxn is a transaction on _Server, where clients can only read.
type selfTxn struct {
	src    *selfSource
	client store.Client
	since  time.Duration // since the transaction came
}

// errBlocked says that a wait does not hold yet; it gives up after limit, if
// not 0.
type errBlocked struct{ limit time.Duration }

func (errBlocked) Error() string { return "waiting" }

// execute runs a transaction, again after each change of the database until
// its operations wait hold.
func (p *selfSource) execute(ctx context.Context, c store.Client, ops []json.RawMessage) []json.RawMessage {
	began := time.Now()
	f, _ := p.follow()
	defer f.Close()
	for {
		t := selfTxn{src: p, client: c, since: time.Since(began)}
		results, blocked := t.run(ops)
		if blocked == nil {
			return results
		}
		if c.Waits != nil {
			c.Waits()
		}
		var timeout <-chan time.Time
		if blocked.limit > 0 {
			timer := time.NewTimer(blocked.limit - t.since)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-f.Ready():
		case <-timeout:
		case <-ctx.Done():
			return []json.RawMessage{store.ErrorJSON(store.Errorf(store.ErrTimedOut, "canceled"))}
		}
	}
}

func (t *selfTxn) run(ops []json.RawMessage) ([]json.RawMessage, *errBlocked) {
	results := make([]json.RawMessage, 0, len(ops))
	size := 0
	for i, raw := range ops {
		r, err := t.operation(parseObject(raw, fmt.Sprintf("ovsdb operation %d of %d", i+1, len(ops))))
		if b, ok := err.(errBlocked); ok {
			return nil, &b
		}
		if size += len(r); err == nil && t.client.Room != nil && !t.client.Room(size) {
			err = store.Errorf(store.ErrResources, "the results are too large")
		}
		if err != nil {
			results = append(results, store.ErrorJSON(err))
			for range ops[i+1:] {
				results = append(results, json.RawMessage("null"))
			}
			break
		}
		results = append(results, r)
	}
	return results, nil
}

func (t *selfTxn) operation(o *object) (json.RawMessage, error) {
	name, ok := stringOf(o.required("op", `"`))
	if !ok {
		return nil, o.finish()
	}
	switch name {
	case "select":
		return t.selectRows(o)
	case "wait":
		return t.wait(o)
	case "comment":
		o.required("comment", `"`)
		return json.RawMessage("{}"), o.finish()
	case "abort":
		if err := o.finish(); err != nil {
			return nil, err
		}
		return nil, store.Errorf(store.ErrAborted, "aborted by request")
	case "assert":
		lock, _ := stringOf(o.required("lock", `"`))
		if err := o.finish(); err != nil {
			return nil, err
		}
		if t.client.Holds == nil || !t.client.Holds(lock) {
			return nil, store.Errorf(store.ErrNotOwner, "Asserted lock %s not held.", lock)
		}
		return json.RawMessage("{}"), nil
	case "insert", "update", "mutate", "delete", "commit":
		return nil, store.Errorf("not allowed", "%s operation not allowed on table in reserved database %s", name, serverName)
	}
	o.raise("No operation \"%s\"", name)
	return nil, o.finish()
}

// table reads the member "table".
func (t *selfTxn) table(o *object) {
	if name, ok := stringOf(o.required("table", `"`)); ok && name != t.src.table.Name {
		o.raise("No table named %s.", name)
	}
}

func (t *selfTxn) selectRows(o *object) (json.RawMessage, error) {
	t.table(o)
	where, columns := o.required("where", "["), o.member("columns", "[")
	if err := o.finish(); err != nil {
		return nil, err
	}
	rows, cols, err := t.query(where, columns)
	if err != nil {
		return nil, err
	}
	out := []byte(`{"rows":[`)
	for i, row := range rows {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendRow(out, cols, row)
	}
	return append(out, "]}"...), nil
}

// query returns the rows that match, and the columns to look at.
func (t *selfTxn) query(where, columns json.RawMessage) ([]schema.Row, []*schema.Column, error) {
	cond, err := store.ParseCondition(t.src.table, where, nil)
	if err != nil {
		return nil, nil, err
	}
	cols, err := t.columns(columns)
	if err != nil {
		return nil, nil, err
	}
	var rows []schema.Row
	for row := range t.src.now().rows(t.src.table.Name) {
		if cond.Match(row) {
			rows = append(rows, row)
		}
	}
	return rows, cols, nil
}

func (t *selfTxn) columns(raw json.RawMessage) ([]*schema.Column, error) {
	if raw == nil {
		return append(slices.Clone(t.src.table.Columns), t.src.table.Column(schema.ColumnUUID), t.src.table.Column(schema.ColumnVersion)), nil
	}
	var cols []*schema.Column
	for _, v := range splitArray(raw) {
		name, ok := stringOf(v)
		if !ok {
			return nil, syntaxError(raw, "array of distinct column names expected")
		}
		c := t.src.table.Column(name)
		if c == nil {
			return nil, syntaxError(raw, "%s is not a valid column name", name)
		}
		if slices.Contains(cols, c) {
			return nil, syntaxError(raw, "array of distinct column names expected")
		}
		cols = append(cols, c)
	}
	return cols, nil
}

// wait is RFC 7047 section 5.2.6.
func (t *selfTxn) wait(o *object) (json.RawMessage, error) {
	t.table(o)
	where, columns, rows := o.required("where", "["), o.member("columns", "["), o.required("rows", "[")
	until, _ := stringOf(o.required("until", `"`))
	timeout := o.member("timeout", "0123456789-")
	if err := o.finish(); err != nil {
		return nil, err
	}
	have, cols, err := t.query(where, columns)
	if err != nil {
		return nil, err
	}
	if until != "==" && until != "!=" {
		return nil, syntaxError(o.members["until"], "\"until\" must be \"==\" or \"!=\"")
	}
	same, err := t.same(have, cols, rows)
	if err != nil || same == (until == "==") {
		return json.RawMessage("{}"), err
	}
	if timeout == nil {
		return nil, errBlocked{}
	}
	ms, err := strconv.ParseInt(string(timeout), 10, 32)
	limit := time.Duration(ms) * time.Millisecond
	switch {
	case err != nil || ms < 0:
		return nil, syntaxError(timeout, "timeout must be nonnegative")
	case ms == 0:
		return nil, store.Errorf(store.ErrTimedOut, "\"where\" clause test failed")
	case t.since >= limit:
		return nil, store.Errorf(store.ErrTimedOut, "\"wait\" timed out after %d ms", t.since.Milliseconds())
	}
	return nil, errBlocked{limit}
}

// same tells whether rows are, in the given columns, those expected.
func (t *selfTxn) same(rows []schema.Row, cols []*schema.Column, expected json.RawMessage) (bool, error) {
	want := map[string]bool{}
	for _, raw := range splitArray(expected) {
		row := t.src.table.New(schema.UUID{})
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil || members == nil {
			return false, syntaxError(raw, "row must be JSON object")
		}
		for _, name := range sortedKeys(members) {
			c := t.src.table.Column(name)
			if c == nil || c.Index < 0 {
				return false, store.Errorf(store.ErrUnknownColumn, "No column %s in table %s.", name, t.src.table.Name)
			}
			d, err := schema.ParseDatum(members[name], &c.Type, nil)
			if err == nil {
				err = c.Set(row, d)
			}
			if err != nil {
				return false, err
			}
		}
		want[string(appendRow(nil, cols, row))] = true
	}
	have := map[string]bool{}
	for _, row := range rows {
		text := appendRow(nil, cols, row)
		have[string(text)] = true
	}
	if len(have) != len(want) {
		return false, nil
	}
	for text := range have {
		if !want[text] {
			return false, nil
		}
	}
	return true, nil
}

func appendRow(b []byte, cols []*schema.Column, row schema.Row) []byte {
	b = append(b, '{')
	n := len(b)
	for _, c := range cols {
		b = c.AppendJSON(appendName(b, n, c), row)
	}
	return append(b, '}')
}
