package schema_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

func benchPort(i int) *nb.LogicalSwitchPort {
	name := fmt.Sprintf("port-%05d", i)
	p := &nb.LogicalSwitchPort{
		Name:         name,
		Addresses:    []string{fmt.Sprintf("40:44:00:00:%02x:%02x 192.168.%d.%d", i>>8, i&255, i>>8, i&255)},
		PortSecurity: []string{fmt.Sprintf("40:44:00:00:%02x:%02x", i>>8, i&255)},
		Options:      map[string]string{"requested-chassis": "hv1"},
		ExternalIDs:  map[string]string{"neutron:port_name": name, "neutron:revision_number": "3"},
	}
	p.UUID = schema.NameUUID(name)
	return p
}

func BenchmarkEncodeRow(b *testing.B) {
	port := benchPort(7)
	table := nb.Schema().TableOf(port)
	b.ReportAllocs()
	for b.Loop() {
		schema.EncodeRow(table, port, nil)
	}
}

func BenchmarkDecodeRow(b *testing.B) {
	port := benchPort(7)
	table := nb.Schema().TableOf(port)
	data := schema.EncodeRow(table, port, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.DecodeRow(table, port.UUID, data); err != nil {
			b.Fatal(err)
		}
	}
}

// largeSet returns a switch of n ports and a port that it lacks.
func largeSet(n int) (*nb.LogicalSwitch, schema.Datum) {
	sw := &nb.LogicalSwitch{}
	for i := range n {
		sw.Ports = append(sw.Ports, schema.NameUUID(fmt.Sprint(i)))
	}
	slices.SortFunc(sw.Ports, schema.UUID.Compare)
	return sw, schema.SetDatum(schema.UUIDAtom(schema.NameUUID("new")))
}

// BenchmarkInsertKeys adds one port to a switch of 10,000, as a transaction
// does: into a clone.
func BenchmarkInsertKeys(b *testing.B) {
	sw, d := largeSet(10_000)
	table := nb.Schema().TableOf(sw)
	ports := table.Column("ports")
	b.ReportAllocs()
	for b.Loop() {
		row := table.Clone(sw)
		if _, err := ports.InsertKeys(row, d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDiff finds the one new port among 10,000.
func BenchmarkDiff(b *testing.B) {
	sw, d := largeSet(10_000)
	table := nb.Schema().TableOf(sw)
	ports := table.Column("ports")
	row := table.Clone(sw)
	if _, err := ports.InsertKeys(row, d); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		ports.Diff(sw, row)
	}
}

func BenchmarkParseDatum(b *testing.B) {
	sw, _ := largeSet(10_000)
	ports := nb.Schema().TableOf(sw).Column("ports")
	data := ports.Get(sw).AppendJSON(nil, &ports.Type)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.ParseDatum(data, &ports.Type, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseStrings reads 10,000 strings that do not come in their order.
func BenchmarkParseStrings(b *testing.B) {
	addresses := nb.Schema().Table("Address_Set").Column("addresses")
	data := []byte(`["set",[`)
	for i := range 10_000 {
		if i > 0 {
			data = append(data, ',')
		}
		data = fmt.Appendf(data, "%q", fmt.Sprintf("10.0.%d.%d", i>>8, i&255))
	}
	data = append(data, "]]"...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.ParseDatum(data, &addresses.Type, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocations pins what the engine does for every row and element.
func TestAllocations(t *testing.T) {
	sw, d := largeSet(1000)
	table := nb.Schema().TableOf(sw)
	ports, name := table.Column("ports"), table.Column("name")
	to := table.New(schema.UUID{})
	id, text := schema.NameUUID("x"), "a name that is long enough not to be one byte"
	var atom schema.Atom
	for what, c := range map[string]struct {
		max float64
		do  func()
	}{
		"atoms": {0, func() {
			for _, a := range []schema.Atom{schema.UUIDAtom(id), schema.StringAtom(text), schema.IntAtom(7), schema.BoolAtom(true), schema.RealAtom(1)} {
				atom = a
			}
		}},
		"Has":        {0, func() { ports.Has(sw, d.Keys[0]) }},
		"Equal":      {0, func() { name.Equal(sw, sw); ports.Equal(sw, sw) }},
		"Len":        {0, func() { ports.Len(sw) }},
		"Copy":       {0, func() { name.Copy(to, sw); ports.Copy(to, sw) }},
		"Clear":      {0, func() { name.Clear(to); ports.Clear(to) }},
		"Get scalar": {1, func() { name.Get(sw) }},
		"InsertKeys": {3, func() {
			row := table.Clone(sw)
			if _, err := ports.InsertKeys(row, d); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		if got := testing.AllocsPerRun(100, c.do); got > c.max {
			t.Errorf("%s: %v allocations, want %v", what, got, c.max)
		}
	}
	_ = atom
}
