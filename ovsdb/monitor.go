package ovsdb

import (
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// monitorKind is the method that made a monitor; each has its own form of
// updates.
type monitorKind uint8

const (
	plainMonitor monitorKind = iota // update
	condMonitor                     // update2
	sinceMonitor                    // update3
)

func (k monitorKind) method() string {
	switch k {
	case plainMonitor:
		return "update"
	case condMonitor:
		return "update2"
	}
	return "update3"
}

// monitor is one replication of tables to one client.
type monitor struct {
	kind   monitorKind
	db     *served
	s      *session
	tables []*watch    // by name
	shape  schema.UUID // of the projections of all tables

	// Guarded by the database's mutex:
	id  json.RawMessage
	hit bool // something is collected
}

// size is how many bytes of conditions the monitor holds.
func (m *monitor) size() (n int) {
	for _, w := range m.tables {
		if w.cond != nil {
			n += w.cond.size
		}
	}
	return n
}

// watch is one table of a monitor.
type watch struct {
	m     *monitor
	table *schema.Table
	proj  *projection

	// Guarded by the database's mutex:
	cond *condition // nil: every row
	// texts are the updates collected for one message. Other monitors have the
	// same ones.
	texts [][]byte
	size  int // of all of them, with commas between
}

// at tells which event a change is to the watch, 0 if none.
func (w *watch) at(ch *store.Change) event { return w.cond.at(ch) }

// at tells which event a change is to who looks at the rows that match.
func (c *condition) at(ch *store.Change) event {
	old, new := ch.Old != nil, ch.New != nil
	if c != nil {
		old = old && c.match(ch.Old)
		new = new && c.match(ch.New)
	}
	switch {
	case old && new:
		return modify
	case new:
		return insert
	case old:
		return remove
	}
	return 0
}

// collect adds a change to the next message.
func (w *watch) collect(ch *store.Change) {
	e := w.at(ch)
	if e == 0 {
		return
	}
	w.add(w.proj.show(ch, e))
}

func (w *watch) add(text []byte) {
	if len(text) == 0 {
		return
	}
	w.texts = append(w.texts, text)
	w.size += len(text) + len(",")
	w.m.hit = true
}

// like names what updates show, the same for all monitors that show the same;
// it is zero where a condition has its say.
func (m *monitor) like() schema.UUID {
	for _, w := range m.tables {
		if w.cond != nil {
			return schema.UUID{}
		}
	}
	return m.shape
}

// body is the <table-updates> that were collected, with the end of the
// notification.
func (m *monitor) body() []byte {
	n := len("{}]}")
	for _, w := range m.tables {
		n += len(w.table.Name) + w.size + len(`,"":{}`)
	}
	b := append(make([]byte, 0, n), '{')
	for _, w := range m.tables {
		if len(w.texts) == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), w.table.Name...), `":{`...)
		for i, text := range w.texts {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, text...)
		}
		b = append(b, '}')
	}
	return append(b, "}]}"...)
}

// keepTexts is for how many updates a watch keeps room until its next message.
const keepTexts = 64

// forget forgets what was collected.
func (m *monitor) forget() {
	m.hit = false
	for _, w := range m.tables {
		clear(w.texts)
		if w.texts, w.size = w.texts[:0], 0; cap(w.texts) > keepTexts {
			w.texts = nil
		}
	}
}

// flush sends what was collected, as the changes that lead to transaction txn.
// made are the bodies of the same changes for other monitors, by what they are
// like.
func (m *monitor) flush(txn schema.UUID, made map[schema.UUID][]byte) {
	like := m.like()
	body := made[like]
	if body == nil {
		body = m.body()
		if !like.IsZero() {
			made[like] = body
		}
	}
	m.forget()
	m.s.update(m.appendHead(nil, txn), body)
}

// appendHead appends a notification up to its <table-updates>.
func (m *monitor) appendHead(b []byte, txn schema.UUID) []byte {
	b = appendNotification(b, m.kind.method())
	b = append(b, m.id...)
	b = append(b, ',')
	if m.kind == sinceMonitor {
		b = append(append(append(b, '"'), txn.String()...), `",`...)
	}
	return b
}
