package serve

import (
	"log/slog"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store"
)

func TestWhatSaysNothingWaits(t *testing.T) {
	table := nb.Schema().Table("Logical_Switch_Port")
	id := schema.NewUUID()
	yes, no := true, false
	now := time.Unix(1000, 0)
	port := func(up *bool) schema.Row {
		p := table.New(id).(*nb.LogicalSwitchPort)
		p.Up = up
		return p
	}
	for _, c := range []struct {
		name     string
		old, new *bool
		wait     time.Duration
	}{
		{"a first false", nil, &no, idle},
		{"a first true", nil, &yes, gather},
		{"down", &yes, &no, gather},
		{"up", &no, &yes, gather},
		{"nothing any more", &no, nil, gather},
	} {
		w := newWriteback(nil, slog.New(slog.DiscardHandler), func() time.Time { return now })
		w.put([]store.Change{{Table: table, UUID: id, Old: port(c.old), New: port(c.new)}})
		if got := w.due.Sub(now); got != c.wait {
			t.Errorf("%s waits for %v, want %v", c.name, got, c.wait)
		}
	}

	// What takes its place does not wait for it, and a later one does not make it wait longer.
	w := newWriteback(nil, slog.New(slog.DiscardHandler), func() time.Time { return now })
	for _, up := range []*bool{&no, &yes, &no} {
		w.put([]store.Change{{Table: table, UUID: id, Old: port(nil), New: port(up)}})
	}
	if got := w.due.Sub(now); got != gather || len(w.rows) != 1 {
		t.Errorf("%d rows are due in %v", len(w.rows), got)
	}
}
