package serve

import (
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
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
		w.put([]northd.Change{{Table: table.Name, Columns: []string{"up"}, UUID: id, Old: port(c.old), New: port(c.new)}})
		if got := w.due.Sub(now); got != c.wait {
			t.Errorf("%s waits for %v, want %v", c.name, got, c.wait)
		}
	}

	// What takes its place does not wait for it, and a later one does not make it wait longer.
	w := newWriteback(nil, slog.New(slog.DiscardHandler), func() time.Time { return now })
	for _, up := range []*bool{&no, &yes, &no} {
		w.put([]northd.Change{{Table: table.Name, Columns: []string{"up"}, UUID: id, Old: port(nil), New: port(up)}})
	}
	if got := w.due.Sub(now); got != gather || len(w.rows) != 1 {
		t.Errorf("%d rows are due in %v", len(w.rows), got)
	}
}

// A standby asks for what it knows, and the leader may know better and write it: what
// is asked for no longer is not written by the one who takes over.
func TestWhatIsMetIsNotWritten(t *testing.T) {
	table := nb.Schema().Table("Logical_Switch_Port")
	id, no := schema.NewUUID(), false
	row := table.New(id).(*nb.LogicalSwitchPort)
	row.Up = &no
	w := newWriteback(nil, slog.New(slog.DiscardHandler), time.Now)
	w.put([]northd.Change{
		{Table: table.Name, UUID: id, Old: table.New(id), New: row, Columns: []string{"up"}},
		{Table: table.Name, UUID: id, Old: table.New(id), New: row, Columns: []string{"tag"}},
	})
	w.withdraw([]northd.Change{{Table: table.Name, UUID: schema.NewUUID(), Columns: []string{"up"}}, {Table: table.Name, UUID: id, Columns: []string{"up"}}})
	if values := w.rows[id].values; len(values) != 1 || values[table.Column("tag")] != row {
		t.Errorf("asked for are %v, want tag alone", values)
	}
	w.withdraw([]northd.Change{{Table: table.Name, UUID: id, Columns: []string{"tag"}}})
	if len(w.rows) != 0 {
		t.Errorf("%d rows are held for nothing", len(w.rows))
	}

	// What was written is forgotten, what was asked for meanwhile is not.
	w.put([]northd.Change{{Table: table.Name, UUID: id, New: row, Columns: []string{"up", "tag"}}})
	sent := &asked{table, maps.Clone(w.rows[id].values)}
	later := table.Clone(row)
	w.put([]northd.Change{{Table: table.Name, UUID: id, New: later, Columns: []string{"up"}}})
	w.written(id, sent)
	if values := w.rows[id].values; len(values) != 1 || values[table.Column("up")] != later {
		t.Errorf("after the write %v are asked for, want the later up alone", values)
	}
}
