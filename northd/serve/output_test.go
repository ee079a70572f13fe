package serve

import (
	"slices"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func TestRowChangeLeavesOthersColumns(t *testing.T) {
	table := sb.Schema().Table("Port_Binding")
	id := rowID{table, schema.NewUUID()}
	chassis := schema.NewUUID()
	row := func(name, mac, note string) *sb.PortBinding {
		p := table.New(id.uuid).(*sb.PortBinding)
		p.LogicalPort, p.MAC = name, []string{mac}
		p.ExternalIDs = map[string]string{"note": note}
		return p
	}
	now := row("p1", "m1", "client")
	now.Chassis = &chassis

	change, ok := rowChange(id, northd.Change{New: row("p1", "m2", "northd")}, now)
	got := change.New.(*sb.PortBinding)
	if !ok || got.MAC[0] != "m2" || got.Chassis == nil || got.ExternalIDs["note"] != "northd" {
		t.Errorf("whole row: %+v, %v", got, ok)
	}
	change, ok = rowChange(id, northd.Change{New: row("p1", "m2", "northd"), Columns: []string{"mac"}}, now)
	got = change.New.(*sb.PortBinding)
	if !ok || got.MAC[0] != "m2" || got.ExternalIDs["note"] != "client" {
		t.Errorf("one column: %+v, %v", got, ok)
	}
	if _, ok = rowChange(id, northd.Change{New: now}, now); ok {
		t.Error("no difference, but a change")
	}
	if _, ok = rowChange(id, northd.Change{}, nil); ok {
		t.Error("deleted what is not there")
	}
	if _, ok = rowChange(id, northd.Change{New: now, Columns: []string{"mac"}}, nil); ok {
		t.Error("brought back a row of somebody else's")
	}
}

func TestOutputLaysLaterOverEarlier(t *testing.T) {
	db := sb.Schema()
	table := db.Table("Port_Binding")
	id, owner := schema.NewUUID(), schema.NewUUID()
	a, b := table.New(id), table.New(id)
	o := newOutput([]string{"Port_Binding"})
	o.add(db, northd.Output{
		Rows:  []northd.Change{{Table: "Port_Binding", UUID: id, New: a, Columns: []string{"mac"}}},
		Units: []northd.Unit{{Path: owner.String() + "/port", Chunk: []byte("1")}},
	})
	o.add(db, northd.Output{
		Rows:  []northd.Change{{Table: "Port_Binding", UUID: id, Old: a, New: b, Columns: []string{"options", "mac"}}},
		Units: []northd.Unit{{Path: owner.String() + "/port"}},
	})
	got := o.rows[rowID{table, id}]
	if got.New != b || !slices.Equal(got.Columns, []string{"mac", "options"}) {
		t.Errorf("row %+v", got)
	}
	if chunk, ok := o.units[owner]["port"]; !ok || chunk != nil {
		t.Errorf("unit %q, %v; want it deleted", chunk, ok)
	}
}
