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
	tables []*watch // by name

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
	text []byte     // the updates collected for one message, with commas between
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
	if len(w.text) > 0 {
		w.text = append(w.text, ',')
	}
	w.text = append(w.text, text...)
	w.m.hit = true
}

// appendTables appends the <table-updates> that were collected, and forgets
// them.
func (m *monitor) appendTables(b []byte) []byte {
	b = append(b, '{')
	n := len(b)
	for _, w := range m.tables {
		if len(w.text) == 0 {
			continue
		}
		if len(b) > n {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), w.table.Name...), `":{`...)
		b = append(append(b, w.text...), '}')
		w.text = w.text[:0]
		if cap(w.text) > keepText {
			w.text = nil
		}
	}
	m.hit = false
	return append(b, '}')
}

// keepText is how large a buffer a watch keeps for its next message.
const keepText = 4 << 10

// flush sends what was collected, as the changes that lead to transaction txn.
func (m *monitor) flush(txn schema.UUID) {
	if !m.hit {
		return
	}
	m.s.update(append(m.appendTables(m.appendHead(nil, txn)), "]}"...))
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
