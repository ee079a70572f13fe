package ovsdb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// parseMonitor reads <monitor-requests> or <monitor-cond-requests>. Errors are
// in ovsdb-server's words.
func parseMonitor(db *schema.Database, raw json.RawMessage, kind monitorKind) ([]*watch, error) {
	var requests map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &requests) != nil {
		return nil, syntaxError(raw, "monitor-requests must be object")
	}
	var watches []*watch
	for _, name := range sortedKeys(requests) {
		t := db.Table(name)
		if t == nil {
			return nil, &schema.Error{Name: schema.ErrSyntax, Details: "no table named " + name}
		}
		// A request without an array around it is that ovsdb-server takes too.
		list := splitArray(requests[name])
		if list == nil {
			list = []json.RawMessage{requests[name]}
		}
		w, err := parseWatch(t, list, kind)
		if err != nil {
			return nil, err
		}
		watches = append(watches, w)
	}
	return watches, nil
}

// parseWatch reads the requests for one table.
func parseWatch(t *schema.Table, list []json.RawMessage, kind monitorKind) (*watch, error) {
	p := &projection{diffs: kind != plainMonitor}
	var where []json.RawMessage
	for _, raw := range list {
		o := parseObject(raw, "table "+t.Name)
		columns := o.member("columns", "[")
		if kind != plainMonitor {
			where = append(where, o.member("where", "["))
		}
		sel := o.member("select", "{")
		if err := o.finish(); err != nil {
			return nil, err
		}
		events, err := parseSelect(t, sel)
		if err != nil {
			return nil, err
		}
		if err := p.addColumns(t, columns, events); err != nil {
			return nil, err
		}
	}
	p.seal(t)
	w := &watch{table: t, proj: p}
	// Of the conditions of several requests for a table the first counts, as in
	// ovsdb-server.
	for i := range where {
		c, err := parseCondition(t, where[i])
		if err != nil {
			return nil, err
		}
		if i == 0 {
			w.setCondition(c)
		}
	}
	return w, nil
}

func (w *watch) setCondition(c *condition) {
	if c != nil && c.always {
		c = nil
	}
	w.cond = c
}

// parseSelect reads a <monitor-select>; without one, all events are selected.
func parseSelect(t *schema.Table, raw json.RawMessage) (event, error) {
	events := allEvents
	if raw == nil {
		return events, nil
	}
	o := parseObject(raw, fmt.Sprintf("table %s select", t.Name))
	for _, m := range []struct {
		name string
		e    event
	}{{"initial", initial}, {"insert", insert}, {"delete", remove}, {"modify", modify}} {
		if v := o.member(m.name, "tf"); v != nil && v[0] == 'f' {
			events &^= m.e
		}
	}
	return events, o.finish()
}

// addColumns adds the columns of one request. All of them are _version too,
// but not _uuid.
func (p *projection) addColumns(t *schema.Table, raw json.RawMessage, events event) error {
	p.events |= events
	if raw == nil {
		raw = append(raw, `["_version"`...)
		for _, c := range t.Columns {
			raw = append(append(append(raw, `,"`...), c.Name...), '"')
		}
		raw = append(raw, ']')
	}
	for _, v := range splitArray(raw) {
		name, ok := stringOf(v)
		if !ok {
			return syntaxError(raw, "array of column names expected")
		}
		c := t.Column(name)
		if c == nil {
			return syntaxError(raw, "%s is not a valid column name", name)
		}
		if slices.ContainsFunc(p.columns, func(s shownColumn) bool { return s.Column == c }) {
			return syntaxError(raw, "column %s mentioned more than once", name)
		}
		p.columns = append(p.columns, shownColumn{c, events})
	}
	return nil
}

// seal makes equal projections recognisable.
func (p *projection) seal(t *schema.Table) {
	slices.SortFunc(p.columns, func(a, b shownColumn) int { return strings.Compare(a.Name, b.Name) })
	key := fmt.Appendf(nil, "%s %t %d", t.Name, p.diffs, p.events)
	for _, c := range p.columns {
		key = fmt.Appendf(key, " %s %d", c.Name, c.events)
		p.version = p.version || c.Name == schema.ColumnVersion
	}
	p.key = string(key)
}

// parseConditionChange reads <monitor-cond-update-requests>: the new condition
// of each table that is named.
func parseConditionChange(m *monitor, raw json.RawMessage) (map[*watch]*condition, error) {
	var requests map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &requests) != nil {
		return nil, &schema.Error{Name: schema.ErrSyntax, Details: "monitor-cond-change-requests must be object"}
	}
	changes := map[*watch]*condition{}
	for _, name := range sortedKeys(requests) {
		if m.db.src.schema().Table(name) == nil {
			return nil, &schema.Error{Name: schema.ErrSyntax, Details: "no table named " + name}
		}
		i := slices.IndexFunc(m.tables, func(w *watch) bool { return w.table.Name == name })
		if i < 0 {
			return nil, &schema.Error{Name: schema.ErrSyntax, Details: fmt.Sprintf("no table named %s in monitor session", name)}
		}
		list := splitArray(requests[name])
		if list == nil {
			return nil, &schema.Error{Name: schema.ErrSyntax, Details: fmt.Sprintf("table %s no monitor-cond-change JSON array", name)}
		}
		c, err := parseNewCondition(m.tables[i].table, list)
		if err != nil {
			return nil, err
		}
		changes[m.tables[i]] = c
	}
	return changes, nil
}

// parseNewCondition reads the requests for one table, of which the last
// counts, as in ovsdb-server.
func parseNewCondition(t *schema.Table, list []json.RawMessage) (*condition, error) {
	c := &condition{always: true}
	for _, raw := range list {
		o := parseObject(raw, "table "+t.Name)
		columns, where := o.member("columns", "["), o.member("where", "[")
		err := o.finish()
		if err == nil && columns != nil {
			err = syntaxError(raw, "changing columns is unsupported")
		}
		if err == nil {
			c, err = parseCondition(t, where)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
