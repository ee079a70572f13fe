package serve

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// look is one table of a monitor.
type look struct {
	db      *schema.Database // nil: the Southbound
	table   string
	columns []string // nil: all, and _version
	// ids restricts it to the rows that have one of ids in a column; column "": all rows.
	column string
	ids    []schema.UUID
}

func (l *look) of() *schema.Table {
	if l.db != nil {
		return l.db.Table(l.table)
	}
	return sb.Schema().Table(l.table)
}

func (l *look) shown() (list []*schema.Column) {
	t := l.of()
	if l.columns == nil {
		return append(slices.Clone(t.Columns), t.Column(schema.ColumnVersion))
	}
	for _, name := range l.columns {
		list = append(list, t.Column(name))
	}
	return list
}

func (l *look) matches(row schema.Row) bool {
	if l.column == "" {
		return true
	}
	c := l.of().Column(l.column)
	return slices.ContainsFunc(l.ids, func(id schema.UUID) bool { return c.Has(row, schema.UUIDAtom(id)) })
}

// where is the condition as JSON.
func (l *look) where() string {
	if l.column == "" {
		return "[]"
	}
	clauses := []string{"false"}
	for _, id := range l.ids {
		clauses = append(clauses, fmt.Sprintf(`[%q,"==",["uuid",%q]]`, l.column, id))
	}
	return "[" + strings.Join(clauses, ",") + "]"
}

// replica is a client with a copy of what it monitors, made of what it was told
// and nothing else. What does not fit to the copy is an error.
type replica struct {
	*probe
	name   string
	db     string // "": the Southbound
	method string
	looks  []*look
	rows   map[string]map[schema.UUID]copied
	last   string // the transaction up to which it was told: of monitor_cond_since
	told   int    // rows
}

// copied is a row by column.
type copied map[string]schema.Datum

// begin connects, and monitors without waiting for the reply.
func (r *replica) begin(t *testing.T, path string) {
	r.probe = newProbe(t, path)
	var tables []string
	for _, l := range r.looks {
		parts := []string{}
		if l.columns != nil {
			parts = append(parts, `"columns":["`+strings.Join(l.columns, `","`)+`"]`)
		}
		if r.method != "monitor" {
			parts = append(parts, `"where":`+l.where())
		}
		tables = append(tables, fmt.Sprintf(`%q:[{%s}]`, l.table, strings.Join(parts, ",")))
	}
	since := ""
	if r.method == "monitor_cond_since" {
		since = fmt.Sprintf(`,%q`, r.last)
	}
	r.send(`{"id":"begin","method":%q,"params":[%q,"m",{%s}%s]}`, r.method, r.database(), strings.Join(tables, ","), since)
}

func (r *replica) database() string { return cmp.Or(r.db, sb.Schema().Name) }

func (r *replica) send(format string, args ...any) {
	r.t.Helper()
	if _, err := fmt.Fprintf(r.conn, format, args...); err != nil {
		r.t.Fatal(err)
	}
}

// turn changes the condition of a table.
func (r *replica) turn(l *look, ids []schema.UUID) {
	l.ids = ids
	r.send(`{"id":"turn","method":"monitor_cond_change","params":["m","m",{%q:[{"where":%s}]}]}`, l.table, l.where())
}

// sync takes what is sent until the server has told all that it has.
func (r *replica) sync() {
	r.t.Helper()
	r.send(`{"id":"sync","method":"transact","params":[%q]}`, r.database())
	for !r.take(r.recv()) {
	}
}

// take takes one message; true for the reply to sync.
func (r *replica) take(text string) bool {
	r.t.Helper()
	var m struct {
		ID     any
		Method string
		Params []json.RawMessage
		Result json.RawMessage
		Error  any
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Error != nil {
		r.t.Fatalf("%s: %s: %v", r.name, text, err)
	}
	switch {
	case m.ID == "sync":
		return true
	case m.ID == "begin" && r.method == "monitor_cond_since":
		var parts []json.RawMessage
		found := false
		r.must(json.Unmarshal(m.Result, &parts))
		r.must(json.Unmarshal(parts[0], &found))
		r.must(json.Unmarshal(parts[1], &r.last))
		if !found {
			r.rows = nil
		}
		r.updates(parts[2])
	case m.ID == "begin":
		r.rows = nil
		r.updates(m.Result)
	case m.Method == "update3":
		r.must(json.Unmarshal(m.Params[1], &r.last))
		r.updates(m.Params[2])
	case m.Method != "":
		r.updates(m.Params[1])
	}
	return false
}

func (r *replica) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", r.name, err)
	}
}

// updates takes <table-updates> of any sort.
func (r *replica) updates(raw json.RawMessage) {
	r.t.Helper()
	var tables map[string]map[string]map[string]map[string]json.RawMessage
	r.must(json.Unmarshal(raw, &tables))
	if r.rows == nil {
		r.rows = map[string]map[schema.UUID]copied{}
	}
	for _, l := range r.looks {
		if r.rows[l.table] == nil {
			r.rows[l.table] = map[schema.UUID]copied{}
		}
		for text, u := range tables[l.table] {
			id, err := schema.ParseUUID(text)
			r.must(err)
			r.told++
			if old, new := u["old"], u["new"]; old != nil || new != nil {
				r.update(l, id, old, new)
			} else {
				r.update2(l, id, u)
			}
		}
	}
}

func (r *replica) complain(l *look, id schema.UUID, format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("%s: %s row %s: %s", r.name, l.table, id, fmt.Sprintf(format, args...))
}

// update takes a <row-update>.
func (r *replica) update(l *look, id schema.UUID, old, new map[string]json.RawMessage) {
	r.t.Helper()
	rows := r.rows[l.table]
	had := rows[id]
	if (old != nil) != (had != nil) {
		r.complain(l, id, "old is %s, and the client had %v", old, had)
	}
	row := copied{}
	for _, c := range l.shown() {
		if raw := old[c.Name]; raw != nil && had != nil && !r.datum(c, raw).Equal(had[c.Name]) {
			r.complain(l, id, "old %s is %s, and the client had %v", c.Name, raw, had[c.Name])
		} else if raw == nil && new == nil {
			r.complain(l, id, "no old %s of a row that goes", c.Name)
		}
		if new == nil {
			continue
		}
		row[c.Name] = r.datum(c, new[c.Name])
		if had != nil && old[c.Name] == nil && !row[c.Name].Equal(had[c.Name]) {
			r.complain(l, id, "%s was %v and becomes %s, and old has it not", c.Name, had[c.Name], new[c.Name])
		}
	}
	if delete(rows, id); new != nil {
		rows[id] = row
	}
}

// update2 takes a <row-update2>.
func (r *replica) update2(l *look, id schema.UUID, u map[string]map[string]json.RawMessage) {
	r.t.Helper()
	rows := r.rows[l.table]
	had := rows[id]
	_, goes := u["delete"]
	diff, modified := u["modify"]
	if (goes || modified) != (had != nil) {
		r.complain(l, id, "told %v, and the client had %v", u, had)
		return
	}
	if goes {
		delete(rows, id)
		return
	}
	values := diff
	if !modified {
		if values = u["insert"]; values == nil {
			values = u["initial"]
		}
	}
	row := copied{}
	for _, c := range l.shown() {
		switch raw := values[c.Name]; {
		case raw == nil && modified:
			row[c.Name] = had[c.Name]
		case raw == nil:
			row[c.Name] = c.Type.Default()
		case modified && c.Type.Max != 1:
			row[c.Name] = differing(had[c.Name], r.datum(c, raw))
		case modified && c.Name != schema.ColumnVersion && r.datum(c, raw).Equal(had[c.Name]):
			r.complain(l, id, "%s becomes %s, which it was", c.Name, raw)
		default:
			row[c.Name] = r.datum(c, raw)
		}
	}
	rows[id] = row
}

func (r *replica) datum(c *schema.Column, raw json.RawMessage) schema.Datum {
	r.t.Helper()
	d, err := schema.ParseDatum(raw, &c.Type, nil)
	r.must(err)
	return d
}

// differing applies the difference of ovsdb-server(7) section 4.1.14 to a value of
// more than one element.
func differing(d, diff schema.Datum) schema.Datum {
	var out schema.Datum
	add := func(k schema.Atom, from schema.Datum) {
		if v, ok := from.Value(k); ok {
			out.Values = append(out.Values, v)
		}
		out.Keys = append(out.Keys, k)
	}
	for _, k := range d.Keys {
		if !diff.Has(k) {
			add(k, d)
		}
	}
	for _, k := range diff.Keys {
		was, had := d.Value(k)
		is, isMap := diff.Value(k)
		if !d.Has(k) || isMap && had && was != is {
			add(k, diff)
		}
	}
	if out.Values != nil {
		return schema.MapDatum(out.Keys, out.Values)
	}
	return schema.SetDatum(out.Keys...)
}

// compare holds the copy against what the server has.
func (r *replica) compare(snap *store.Snapshot) {
	r.t.Helper()
	for _, l := range r.looks {
		rows := r.rows[l.table]
		n := 0
		for row := range snap.Rows(l.table) {
			if !l.matches(row) {
				continue
			}
			n++
			had := rows[row.RowUUID()]
			if had == nil {
				r.complain(l, row.RowUUID(), "the client was not told of it")
				continue
			}
			for _, c := range l.shown() {
				if !c.Get(row).Equal(had[c.Name]) {
					r.complain(l, row.RowUUID(), "%s is %v, and the client has %v", c.Name, c.Get(row), had[c.Name])
				}
			}
		}
		if len(rows) != n {
			r.t.Errorf("%s: %s has %d rows, and the client has %d", r.name, l.table, n, len(rows))
		}
	}
}
