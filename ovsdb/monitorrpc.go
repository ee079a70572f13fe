package ovsdb

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// monitorMethod is monitor, monitor_cond and monitor_cond_since: RFC 7047
// section 4.1.5, ovsdb-server(7) sections 4.1.12 and 4.1.15.
func (s *session) monitorMethod(msg *message, kind monitorKind) error {
	args := msg.args()
	d, err := s.database(msg, args)
	if err != nil {
		return err
	}
	if len(args) < 3 || kind == sinceMonitor && len(args) != 4 {
		return syntaxError(msg.params, "invalid parameters")
	}
	m := &monitor{kind: kind, db: d, s: s, id: args[1]}
	key := string(schema.CanonicalJSON(m.id))
	if args[2][0] != '{' {
		return syntaxError(args[2], "monitor-requests must be object")
	}
	if s.monitors[key] != nil {
		return syntaxError(m.id, "duplicate monitor ID")
	}
	if m.tables, err = parseMonitor(d.src.schema(), args[2], kind); err != nil {
		return err
	}
	var last schema.UUID
	if kind == sinceMonitor {
		if last, err = parseTxnID(args[3]); err != nil {
			return err
		}
	}
	for _, w := range m.tables {
		w.m = m
	}
	s.monitors[key] = m
	v := d.begin(m)
	result := m.content(v, last)
	d.release(m, func() { s.out.reply(appendReply(nil, msg.id, result)) })
	return nil
}

func parseTxnID(raw json.RawMessage) (schema.UUID, error) {
	text, ok := stringOf(raw)
	if !ok {
		return schema.UUID{}, syntaxError(raw, "last-txn-id must be string")
	}
	id, err := schema.ParseUUID(text)
	if err != nil {
		return id, syntaxError(raw, "last-txn-id must be UUID format.")
	}
	return id, nil
}

// content returns the result of the request that made the monitor: the rows
// that are there, or what has changed since a transaction that is remembered.
// The monitor is on hold, so that nothing else uses its buffers.
func (m *monitor) content(v view, last schema.UUID) []byte {
	if m.kind == sinceMonitor && !last.IsZero() {
		if commits, found := m.db.src.since(last, v); found {
			for _, ch := range m.merge(commits) {
				ch.w.addDirect(&ch.Change, ch.w.at(&ch.Change))
			}
			return m.sinceResult(true, v)
		}
	}
	for _, w := range m.tables {
		if w.proj.events&initial == 0 {
			continue
		}
		for row := range v.rows(w.table.Name) {
			if w.cond == nil || w.cond.match(row) {
				w.addDirect(&store.Change{Table: w.table, UUID: row.RowUUID(), New: row}, initial)
			}
		}
	}
	if m.kind == sinceMonitor {
		return m.sinceResult(false, v)
	}
	return m.appendTables(nil)
}

func (m *monitor) sinceResult(found bool, v view) []byte {
	b := []byte("[false,\"")
	if found {
		b = []byte("[true,\"")
	}
	b = append(append(b, v.txn.String()...), `",`...)
	return append(m.appendTables(b), ']')
}

// addDirect is add without the text that other monitors share, for which the
// database's mutex would be needed.
func (w *watch) addDirect(ch *store.Change, e event) {
	if e == 0 {
		return
	}
	n := len(w.text)
	if n > 0 {
		w.text = append(w.text, ',')
	}
	before := len(w.text)
	if w.text = w.proj.appendUpdate(w.text, ch, e); len(w.text) == before {
		w.text = w.text[:n]
		return
	}
	w.m.hit = true
}

// watchedChange is what happened to a row over several commits.
type watchedChange struct {
	store.Change
	w *watch
}

// merge returns what commits did as a whole to the tables of the monitor.
func (m *monitor) merge(commits []*store.Commit) []watchedChange {
	var out []watchedChange
	type rowKey struct {
		w  *watch
		id schema.UUID
	}
	at := map[rowKey]int{}
	for _, c := range commits {
		for _, w := range m.tables {
			for _, ch := range m.db.src.changes(c, w.table) {
				key := rowKey{w, ch.UUID}
				if i, ok := at[key]; ok {
					// Two changes together have no differences of their own.
					out[i].Change = store.Change{Table: ch.Table, UUID: ch.UUID, Old: out[i].Old, New: ch.New}
					continue
				}
				at[key] = len(out)
				out = append(out, watchedChange{ch, w})
			}
		}
	}
	return out
}

// monitorChange is monitor_cond_change: ovsdb-server(7) section 4.1.13.
func (s *session) monitorChange(msg *message) error {
	args := msg.args()
	if len(args) != 3 {
		return syntaxError(msg.params, "invalid parameters")
	}
	key, renamed := string(schema.CanonicalJSON(args[0])), string(schema.CanonicalJSON(args[1]))
	m := s.monitors[key]
	if m == nil {
		return syntaxError(args[0], "unknown monitor session")
	}
	if renamed != key && s.monitors[renamed] != nil {
		return syntaxError(args[1], "duplicate monitor ID")
	}
	changes, err := parseConditionChange(m, args[2])
	if err != nil {
		return err
	}
	if m.kind == plainMonitor {
		// It has no conditions; a stock server agrees nevertheless.
		clear(changes)
	}
	v := m.db.pause(m)
	for w, c := range changes {
		w.change(v, c)
	}
	m.db.release(m, func() {
		for w, c := range changes {
			w.setCondition(c)
		}
		m.id = args[1]
		m.flush(v.txn)
		s.out.reply(appendReply(nil, msg.id, []byte("{}")))
	})
	delete(s.monitors, key)
	s.monitors[renamed] = m
	return nil
}

// change collects the rows that a new condition adds and removes.
func (w *watch) change(v view, c *condition) {
	if w.cond == nil && c.always {
		return
	}
	for row := range v.rows(w.table.Name) {
		was, is := w.cond == nil || w.cond.match(row), c.match(row)
		ch := store.Change{Table: w.table, UUID: row.RowUUID()}
		switch {
		case is && !was:
			ch.New = row
			w.addDirect(&ch, insert)
		case was && !is:
			ch.Old = row
			w.addDirect(&ch, remove)
		}
	}
}

// monitorCancel is RFC 7047 section 4.1.7. Its errors are plain strings.
func (s *session) monitorCancel(msg *message) {
	args := msg.args()
	if len(args) != 1 {
		s.out.reply(appendFailure(nil, msg.id, []byte(`"invalid parameters"`)))
		return
	}
	key := string(schema.CanonicalJSON(args[0]))
	m := s.monitors[key]
	if m == nil {
		s.out.reply(appendFailure(nil, msg.id, []byte(`"unknown monitor"`)))
		return
	}
	m.db.end(m)
	delete(s.monitors, key)
	s.out.reply(appendReply(nil, msg.id, []byte("{}")))
}
