package ovsdb

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// part is one table of a monitor as it was when a message was queued: the
// message is worked out later, and the monitor may have changed by then.
type part struct {
	table *schema.Table
	proj  *projection
	cond  *condition // nil: every row
	next  *condition // what a change of condition makes of it
}

// parts are those of all tables. The database's mutex is held.
func (m *monitor) parts() []part {
	list := make([]part, len(m.tables))
	for i, w := range m.tables {
		list[i] = part{table: w.table, proj: w.proj, cond: w.cond}
	}
	return list
}

// tableUpdates writes <table-updates>, or <table-updates2>, row by row.
type tableUpdates struct {
	w    store.Sink
	head []byte // of the message; goes before the first row
	open *schema.Table
	text []byte
	any  bool
}

// add writes a row.
func (u *tableUpdates) add(p *part, ch *store.Change, e event) error {
	if e == 0 {
		return nil
	}
	b := u.text[:0]
	switch {
	case u.open == p.table:
		b = append(b, ',')
	case u.any:
		b = append(b, "},"...)
	default:
		b = append(append(b, u.head...), '{')
	}
	if u.open != p.table {
		b = append(append(append(b, '"'), p.table.Name...), `":{`...)
	}
	n := len(b)
	u.text = p.proj.appendUpdate(b, ch, e)
	if len(u.text) == n {
		return nil
	}
	u.open, u.any = p.table, true
	_, err := u.w.Write(u.text)
	return err
}

// end closes what is open; with must, it writes updates that are empty too.
func (u *tableUpdates) end(must bool, tail []byte) error {
	var b []byte
	switch {
	case u.any:
		b = append(b, "}}"...)
	case must:
		b = append(append(b, u.head...), "{}"...)
	default:
		return nil
	}
	_, err := u.w.Write(append(b, tail...))
	return err
}

// first is the reply to the request that made the monitor: the rows that are
// there, or what has changed since a transaction that is remembered. The
// database's mutex is held.
func (m *monitor) first(id json.RawMessage, v view, last schema.UUID) func(*stream) error {
	parts := m.parts()
	head := append(append([]byte(`{"id":`), id...), `,"result":`...)
	tail := []byte(`,"error":null}`)
	var since []*store.Commit
	found := false
	if m.kind == sinceMonitor {
		if !last.IsZero() {
			since, found = m.db.src.since(last, v)
		}
		if found {
			head = append(head, `[true,"`...)
		} else {
			head = append(head, `[false,"`...)
		}
		head = append(append(head, v.txn.String()...), `",`...)
		tail = append([]byte{']'}, tail...)
	}
	return func(w *stream) error {
		u := &tableUpdates{w: w, head: head}
		for i := range parts {
			var err error
			if found {
				err = parts[i].resume(u, m.db.src, since)
			} else {
				err = parts[i].initial(u, v)
			}
			if err != nil {
				return err
			}
		}
		return u.end(true, tail)
	}
}

// initial writes the rows that match.
func (p *part) initial(u *tableUpdates, v view) error {
	if p.proj.events&initial == 0 {
		return nil
	}
	for row := range v.rows(p.table.Name) {
		if err := u.w.Step(); err != nil {
			return err
		}
		if p.cond != nil && !p.cond.match(row) {
			continue
		}
		if err := u.add(p, &store.Change{Table: p.table, UUID: row.RowUUID(), New: row}, initial); err != nil {
			return err
		}
	}
	return nil
}

// resume writes what commits did as a whole to the table.
func (p *part) resume(u *tableUpdates, src source, commits []*store.Commit) error {
	var all []store.Change
	at := map[schema.UUID]int{}
	for _, c := range commits {
		for _, ch := range src.changes(c, p.table) {
			if err := u.w.Step(); err != nil {
				return err
			}
			if i, ok := at[ch.UUID]; ok {
				// Two changes together have no differences of their own.
				all[i] = store.Change{Table: ch.Table, UUID: ch.UUID, Old: all[i].Old, New: ch.New}
				continue
			}
			at[ch.UUID] = len(all)
			all = append(all, ch)
		}
	}
	for i := range all {
		if err := u.add(p, &all[i], p.cond.at(&all[i])); err != nil {
			return err
		}
	}
	return nil
}

// turn is the notification of the rows that new conditions add and remove. The
// database's mutex is held.
func (m *monitor) turn(v view, changes map[*watch]*condition) func(*stream) error {
	var parts []part
	for _, w := range m.tables {
		if c := changes[w]; c != nil && !(w.cond == nil && c.always) {
			parts = append(parts, part{table: w.table, proj: w.proj, cond: w.cond, next: c})
		}
	}
	head := m.appendHead(nil, v.txn)
	return func(w *stream) error {
		u := &tableUpdates{w: w, head: head}
		for i := range parts {
			if err := parts[i].turn(u, v); err != nil {
				return err
			}
		}
		return u.end(false, []byte("]}"))
	}
}

func (p *part) turn(u *tableUpdates, v view) error {
	for row := range v.rows(p.table.Name) {
		if err := u.w.Step(); err != nil {
			return err
		}
		was, is := p.cond == nil || p.cond.match(row), p.next.match(row)
		ch := store.Change{Table: p.table, UUID: row.RowUUID()}
		var e event
		switch {
		case is && !was:
			ch.New, e = row, insert
		case was && !is:
			ch.Old, e = row, remove
		}
		if err := u.add(p, &ch, e); err != nil {
			return err
		}
	}
	return nil
}
