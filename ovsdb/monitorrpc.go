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
	if err := s.mayHold(1, m.size()); err != nil {
		return err
	}
	s.monitors[key] = m
	d.begin(m, func(v view) { s.out.send(m.first(msg.id, v, last)) })
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
	more := 0
	for w, c := range changes {
		if more += c.size; w.cond != nil {
			more -= w.cond.size
		}
	}
	if err := s.mayHold(0, more); err != nil {
		return err
	}
	m.db.change(func(v view) {
		m.id = args[1]
		s.out.send(m.turn(v, changes))
		for w, c := range changes {
			w.setCondition(c)
		}
		s.out.reply(appendReply(nil, msg.id, []byte("{}")))
	})
	delete(s.monitors, key)
	s.monitors[renamed] = m
	return nil
}

// mayHold refuses more monitors or locks, and bytes of their conditions and
// names, than a connection may have.
func (s *session) mayHold(more, bytes int) error {
	for _, m := range s.monitors {
		bytes += m.size()
	}
	for name := range s.locks {
		bytes += len(name)
	}
	switch {
	case len(s.monitors)+len(s.locks)+more > s.srv.cfg.MaxMonitors:
		return store.Errorf(store.ErrResources, "this connection has %d monitors and locks already", s.srv.cfg.MaxMonitors)
	case bytes > s.srv.cfg.MaxConditions:
		return store.Errorf(store.ErrResources, "this connection's monitors and locks take more than %d bytes", s.srv.cfg.MaxConditions)
	}
	return nil
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
