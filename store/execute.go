package store

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// executor runs the operations of one transaction against a state.
type executor struct {
	*txn
	cfg     *Config
	client  *Client
	elapsed time.Duration // since the transaction came, for wait
	// read are the tables that operations up to a failed wait looked at.
	read    []*table
	comment []string
	op      *opParser
}

// outcome is what executing a transaction gave.
type outcome struct {
	results []json.RawMessage
	failed  bool
	// blocked is set when a wait does not hold yet; results are then void.
	blocked *blocked
	next    *stateEdit // nil if nothing changed
	changes []Change
	blobs   []BlobChange
	comment []string
}

// blocked says when a waiting transaction is worth another try.
type blocked struct {
	on      []*table
	timeout time.Duration // since the transaction came; 0: never
}

func (b *blocked) Error() string { return "waiting" }

// execute runs operations and checks the transaction as a whole.
func (e *executor) execute(ops []json.RawMessage) outcome {
	out := outcome{results: make([]json.RawMessage, 0, len(ops)+1)}
	for i, raw := range ops {
		result, err := e.operation(parseOp(raw, i+1, len(ops)))
		if errors.As(err, &out.blocked) {
			return out
		}
		if err != nil {
			out.failed = true
			out.results = append(out.results, ErrorJSON(err))
			for range ops[i+1:] {
				out.results = append(out.results, json.RawMessage("null"))
			}
			return out
		}
		out.results = append(out.results, result)
	}
	var err error
	if out.next, out.changes, err = e.finish(); err != nil {
		out.failed = true
		out.results = append(out.results, ErrorJSON(err))
	}
	out.comment = e.comment
	return out
}

// operation executes one operation. What the parser found comes first, also
// where the operation itself went well: an unknown member.
func (e *executor) operation(p *opParser) (json.RawMessage, error) {
	e.op = p
	var result json.RawMessage
	var err error
	if name, ok := p.text("op", isID); ok {
		if f := operations(name); f != nil {
			result, err = f(e, p)
		} else {
			p.raise("No operation \"%s\"", name)
		}
	}
	if perr := p.finish(); perr != nil {
		return nil, perr
	}
	return result, err
}

// operations returns the function that executes an operation.
func operations(name string) func(*executor, *opParser) (json.RawMessage, error) {
	switch name {
	case "insert":
		return (*executor).opInsert
	case "select":
		return (*executor).opSelect
	case "update":
		return (*executor).opUpdate
	case "mutate":
		return (*executor).opMutate
	case "delete":
		return (*executor).opDelete
	case "wait":
		return (*executor).opWait
	case "commit":
		return (*executor).opCommit
	case "abort":
		return (*executor).opAbort
	case "comment":
		return (*executor).opComment
	case "assert":
		return (*executor).opAssert
	}
	return nil
}

// table reads the member that names the operation's table.
func (e *executor) table(p *opParser) *table {
	name, ok := p.text("table", isID)
	if !ok {
		return nil
	}
	t := e.layout.byName[name]
	if t == nil {
		p.raise("No table named %s.", name)
		return nil
	}
	if !slices.Contains(e.read, t) {
		e.read = append(e.read, t)
	}
	return t
}

// where reads a condition.
func (e *executor) where(t *table, raw json.RawMessage) (Condition, error) {
	return ParseCondition(t.Table, raw, e.resolver())
}

// choice reads which rows and which of their columns an operation is about.
func (e *executor) choice(t *table, where, columns json.RawMessage) (Condition, []*column, error) {
	cond, err := e.where(t, where)
	if err != nil {
		return Condition{}, nil, err
	}
	cols, err := parseColumns(t, columns)
	return cond, cols, err
}

// query calls f with each row that matches; f may change the row.
func (e *executor) query(t *table, c Condition, f func(schema.Row) error) error {
	if id, ok := c.uuid(); ok {
		row := e.get(t, id)
		if row == nil || !c.Match(row) {
			return nil
		}
		return f(row)
	}
	for _, row := range e.candidates(t, c) {
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns the rows that match, through an index where one applies.
func (e *executor) candidates(t *table, c Condition) []schema.Row {
	var rows []schema.Row
	take := func(row schema.Row) bool {
		if c.Match(row) {
			rows = append(rows, row)
		}
		return true
	}
	if t.virtual != nil {
		e.scanVirtual(t, take)
		return rows
	}
	for i, cols := range t.indexes {
		key, ok := indexKeyOf(cols, c)
		if !ok {
			continue
		}
		// The index knows the rows as they were before; those of the
		// transaction come on top.
		ids, _ := e.base.tables[t.n].indexes[i].get(key)
		for _, id := range ids {
			if _, over := e.rows[rowKey{t, id}]; !over {
				take(e.base.get(t, id).row)
			}
		}
		for _, r := range e.tables[t.n] {
			if r.new != nil {
				take(r.new)
			}
		}
		return rows
	}
	e.scan(t, take)
	return rows
}

// indexKeyOf returns the index key of the rows that can match, if the
// condition says so.
func indexKeyOf(cols []*column, c Condition) (schema.UUID, bool) {
	values := make([]schema.Datum, len(cols))
	for i, col := range cols {
		d, ok := c.equals(col.Column)
		if !ok {
			return schema.UUID{}, false
		}
		values[i] = d
	}
	return hashValues(values), true
}

// scanVirtual calls f with the rows that a virtual table presents.
func (e *executor) scanVirtual(t *table, f func(schema.Row) bool) {
	s := Snapshot{layout: e.layout, state: e.base, log: func(string, error) {}}
	for row := range s.Rows(t.Name) {
		if !f(row) {
			return
		}
	}
}

// mayWrite refuses what a client must not write.
func (e *executor) mayWrite(op string, t *table, cols []*schema.Column, row schema.Row) error {
	if e.inner {
		return nil
	}
	if t.virtual != nil {
		return Errorf(ErrPermission, "Table %s is made from what is stored elsewhere and cannot be written.", t.Name)
	}
	if e.cfg.Authorize != nil {
		if err := e.cfg.Authorize(*e.client, op, t.Table, cols, row); err != nil {
			return err
		}
	}
	switch {
	case t.Owner != "" && (op == "insert" || op == "delete" && e.cfg.Authorize == nil):
		return Errorf(ErrPermission, "Rows of table %s are written by each %s itself.", t.Name, t.Owner)
	case op == "delete":
		return nil
	}
	for _, c := range cols {
		if c.Owner != "" {
			return Errorf(ErrPermission, "Column %s of table %s is written by each %s itself.", c.Name, t.Name, c.Owner)
		}
	}
	return nil
}
