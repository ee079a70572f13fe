package store

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// executor runs the operations of one transaction against a state.
type executor struct {
	*txn
	cfg     *Config
	client  *Client
	elapsed time.Duration // since the transaction came, for wait
	// read is what operations up to a failed wait looked at.
	read    []reading
	comment []string
	op      *opParser
	// sink, if set, is who counts rows and, from stream, takes the results of
	// select as they come. Without, looked is bounded by maxLooked, if not 0.
	sink              Sink
	streams           bool
	looked, maxLooked int
	// dry: rows that select finds are not looked up.
	dry    bool
	result []byte // what select wrote
	size   int    // of all results
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
	ops     []keyOp // beside what the changes ask of etcd
}

// blocked says when a waiting transaction is worth another try.
type blocked struct {
	on      []reading
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
	if e.dry {
		return out
	}
	var err error
	if out.next, out.changes, err = e.finish(); err != nil {
		out.failed = true
		out.results = append(out.results, ErrorJSON(err))
	}
	out.comment, out.blobs = e.comment, e.blobs
	return out
}

// stream executes operations that only read, none of which is blocked, and
// writes the array of their results.
func (e *executor) stream(ops []json.RawMessage, w Sink) error {
	e.streams = true
	text := []byte{'['}
	for i, raw := range ops {
		if i > 0 {
			text = append(text, ',')
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		result, err := e.operation(parseOp(raw, i+1, len(ops)))
		var stop sinkError
		if errors.As(err, &stop) {
			return stop.error
		}
		text = append(text[:0], result...)
		if err != nil {
			text = append(text, ErrorJSON(err)...)
			for range ops[i+1:] {
				text = append(text, ",null"...)
			}
			break
		}
	}
	_, err := w.Write(append(text, ']'))
	return err
}

// sinkError is an error of the sink, not of the transaction.
type sinkError struct{ error }

// write adds to the result of the operation.
func (e *executor) write(p []byte) error {
	if e.streams {
		if _, err := e.sink.Write(p); err != nil {
			return sinkError{err}
		}
		return nil
	}
	e.size += len(p)
	if e.client.Room != nil && !e.client.Room(e.size) {
		return Errorf(ErrResources, "the results of this client's transactions that write are too large")
	}
	e.result = append(e.result, p...)
	return nil
}

// written returns the result of the operation, nil if it went to the sink.
func (e *executor) written() json.RawMessage {
	r := e.result
	e.result = nil
	return r
}

// virtualCost is what looking at a row of a virtual table costs, in rows of
// others: it has to be unpacked first.
const virtualCost = 10

// look counts a row that is looked at.
func (e *executor) look(t *table) error {
	if e.sink != nil {
		if err := e.sink.Step(); err != nil {
			return sinkError{err}
		}
		return nil
	}
	if e.looked++; t.virtual != nil {
		e.looked += virtualCost - 1
	}
	if e.maxLooked > 0 && e.looked > e.maxLooked {
		return Errorf(ErrResources, "a transaction that writes may look at %d rows, of which one of a table like Logical_Flow counts as %d; one that only reads may look at any number", e.maxLooked, virtualCost)
	}
	return nil
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
	return t
}

// where reads a condition.
func (e *executor) where(t *table, raw json.RawMessage) (Condition, error) {
	cond, err := ParseCondition(t.Table, raw, e.resolver())
	if err == nil {
		e.read = append(e.read, reading{t, cond})
	}
	return cond, err
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

// query calls f with each row that matches, through an index where one applies.
// f must not change rows.
func (e *executor) query(t *table, c Condition, f func(schema.Row) error) error {
	var err error
	take := func(row schema.Row) bool {
		if err = e.look(t); err == nil && c.Match(row) {
			err = f(row)
		}
		return err == nil
	}
	if id, ok := c.uuid(); ok && t.virtual == nil {
		if row := e.get(t, id); row != nil {
			take(row)
		}
		return err
	}
	if t.virtual != nil {
		e.scanVirtual(t, take)
		return err
	}
	for i, cols := range t.indexes {
		if key, ok := indexKeyOf(cols, c); ok {
			e.scanIndex(t, i, key, take)
			return err
		}
	}
	e.scan(t, take)
	return err
}

// scanIndex calls f with the rows in one place of an index and with those that
// the transaction touched, of which the index does not know.
func (e *executor) scanIndex(t *table, i int, key schema.UUID, f func(schema.Row) bool) {
	ids, _ := e.base.tables[t.n].indexes[i].get(key)
	for _, id := range ids {
		if _, over := e.rows[rowKey{t, id}]; !over && !f(e.base.get(t, id).row) {
			return
		}
	}
	for _, r := range e.tables[t.n] {
		if r.new != nil && !f(r.new) {
			return
		}
	}
}

// matching returns the rows that match, which may be changed then. Those of a
// virtual table cannot: one is enough to say so.
func (e *executor) matching(t *table, c Condition) ([]schema.Row, error) {
	var rows []schema.Row
	err := e.query(t, c, func(row schema.Row) error {
		rows = append(rows, row)
		if t.virtual != nil {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

var errEnough = errors.New("enough")

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
	listed := func(id schema.UUID) bool { return t.owners != nil && e.get(t.owners, id) != nil }
	e.base.expandAll(t, listed, func(string, error) {}, f)
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
	case t.Owner != "" && (op == "insert" && t.records == "" || op == "delete" && e.cfg.Authorize == nil):
		return Errorf(ErrPermission, "Rows of table %s are written by each %s itself.", t.Name, t.Owner)
	case op == "delete" || t.records != "":
		return nil
	}
	for _, c := range cols {
		if c.Owner != "" {
			return Errorf(ErrPermission, "Column %s of table %s is written by each %s itself.", c.Name, t.Name, c.Owner)
		}
	}
	return nil
}
