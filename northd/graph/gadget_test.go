package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"pgregory.net/rapid"
)

// gadget is a row of a northbound table that nobody else knows. All that a
// feature for it needs is in this file.
type gadget struct {
	schema.Header `ovs:"Gadget,root"`

	Name    string            `ovs:"name"`
	Color   string            `ovs:"color"`
	Number  *int64            `ovs:"number"` // northd's
	Weight  int64             `ovs:"weight"` // read by nobody
	Options map[string]string `ovs:"options"`
}

// shade is what gadgets have in common.
type shade struct{ color string }

func gadgets(g *Graph) {
	rows := Read[*gadget](g, "name", "color")
	loud := Bool[*gadget](g, "options", "loud", false, "whether it is")
	want := Int[*gadget](g, "options", "number", 0, 1, 99, "any", "the number to have")
	parsed := Table(g, "gadget", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (*parsedGadget, bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return nil, false
		}
		p := RowProblems{Table: "Gadget", Row: id, Name: row.Name}
		out := &parsedGadget{id: id, name: row.Name, color: row.Color, loud: loud.Read(row.Options, &p), want: want.Read(row.Options, &p)}
		if row.Color == "" {
			p.Problem("color", "a gadget has one")
		}
		out.problems = p.List
		return out, true
	})
	ProblemsOf(g, parsed, func(p *parsedGadget) []Problem { return p.problems })
	numbers := NewNumbers(g, "gadget number", "number", 3, KeptIn(func(m *sb.MeterBand) int64 { return m.Rate }))
	Number(numbers, parsed, func(p *parsedGadget) (Wish, bool) { return Wish{Request: p.want}, p.color != "" })
	Rows(g, "bands of gadgets", incr.Keys(numbers.Of), func(r *incr.Reader, id schema.UUID) (*sb.MeterBand, bool) {
		n, ok := incr.Get(r, numbers.Of, id)
		return &sb.MeterBand{Header: schema.Header{UUID: id}, Rate: int64(n)}, ok
	})
	WriteBack(g, rows, "number", func(d *gadget) **int64 { return &d.Number }, func(r *incr.Reader, d *gadget) (*int64, bool) {
		n, ok := incr.Get(r, numbers.Of, d.UUID)
		if !ok {
			return nil, true
		}
		number := int64(n)
		return &number, true
	})
	UnitsOf(g, "flows of gadget", parsed, func(id schema.UUID, p *parsedGadget) Place {
		return Place{Owner: id, Name: "gadget", Table: "Gadget", Row: id, RowName: p.name}
	}).Write("gadget", func(r *incr.Reader, f *Flows, p *parsedGadget) {
		if n, ok := incr.Get(r, numbers.Of, p.id); ok {
			f.Add(pipeline.LSInL2Lkup, uint16(n), lflow.Eq(lflow.Inport, p.name), lflow.Drop{})
		}
		if p.loud && p.name == "quiet" {
			f.Problem("options", "loud: not with that name")
		}
	})
	shades := NewClass(g, "gadget", Table(g, "shade", incr.Keys(parsed), func(r *incr.Reader, id schema.UUID) (shade, bool) {
		p, ok := incr.Get(r, parsed, id)
		if !ok {
			return shade{}, false
		}
		return shade{p.color}, p.color != ""
	}))
	shades.Write("gadget", func(_ *incr.Reader, f *Flows, s shade) {
		if s.color != "grey" {
			f.Pass(pipeline.LSInL2Lkup)
		}
	})
}

type parsedGadget struct {
	id          schema.UUID
	name, color string
	loud        bool
	want        int
	problems    []Problem
}

func gadgetGraph(features ...func(*Graph)) *Graph {
	g := New(Config{NB: schema.NewDatabase("NB", "1.0.0", "", (*gadget)(nil)), SB: sb.Schema()})
	for _, f := range append([]func(*Graph){gadgets}, features...) {
		f(g)
	}
	return g
}

// world is what outputs of a graph lead to.
type world struct {
	g     *Graph
	rows  map[schema.UUID]*gadget
	state map[string]string
	kept  []schema.Row
}

func newWorld(g *Graph) *world {
	return &world{g: g, rows: map[schema.UUID]*gadget{}, state: map[string]string{}}
}

func (w *world) set(d *gadget) Change {
	ch := Change{Table: "Gadget", UUID: d.UUID, New: d}
	if old := w.rows[d.UUID]; old != nil {
		ch.Old = old
	}
	w.rows[d.UUID] = d
	return ch
}

func (w *world) del(id schema.UUID) Change {
	ch := Change{Table: "Gadget", UUID: id, Old: w.rows[id]}
	delete(w.rows, id)
	return ch
}

func (w *world) apply(changes ...Change) Output {
	o := w.g.Apply(Input{NB: changes, Kept: w.kept})
	for _, ch := range o.Rows {
		key := ch.Table + " " + ch.UUID.String()
		delete(w.state, key)
		if ch.New != nil {
			w.state[key] = fmt.Sprintf("%+v", ch.New)
			if dp, ok := ch.New.(*sb.LogicalDPGroup); ok {
				w.state[key] = fmt.Sprint(dp.Datapaths)
			}
		}
	}
	for _, u := range o.Units {
		delete(w.state, u.Path)
		if u.Chunk != nil {
			w.state[u.Path] = fmt.Sprintf("%+v", u.Flows())
		}
	}
	return o
}

func (w *world) String() string {
	var lines []string
	for k, v := range w.state {
		lines = append(lines, k+": "+v)
	}
	for _, p := range w.g.Problems() {
		lines = append(lines, p.String())
	}
	for _, u := range w.g.Unread() {
		lines = append(lines, fmt.Sprint(u))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func gadgetID(i int) schema.UUID { return schema.NameUUID("gadget", fmt.Sprint(i)) }

// TestWriteBack: what a column shall be is asked for again when somebody undid the
// write, and no longer asked for when somebody else wrote it or the row is gone.
func TestWriteBack(t *testing.T) {
	w := newWorld(gadgetGraph())
	row := func(version int64, number ...int64) *gadget {
		d := &gadget{Header: schema.Header{UUID: gadgetID(1), Version: schema.NameUUID("version", fmt.Sprint(version))}, Name: "g", Color: "red"}
		if len(number) > 0 {
			d.Number = &number[0]
		}
		return d
	}
	expect := func(what string, o Output, asked, met int) {
		t.Helper()
		if len(o.NB) != asked || len(o.Met) != met {
			t.Errorf("%s: %d columns are asked for and %d met, want %d and %d", what, len(o.NB), len(o.Met), asked, met)
		}
	}
	expect("a new row", w.apply(w.set(row(1))), 1, 0)
	expect("it came to be as asked", w.apply(w.set(row(2, 1))), 0, 1)
	expect("a client sets another", w.apply(w.set(row(3, 7))), 1, 0)
	expect("and once more, over what was asked", w.apply(w.set(row(4, 1)), w.set(row(5, 7))), 1, 0)
	expect("the row goes", w.apply(w.del(gadgetID(1))), 0, 1)
}

// TestGadget: flows, rows, problems and write-back of a table come out of the
// declarations in this file.
func TestGadget(t *testing.T) {
	w := newWorld(gadgetGraph())
	d := &gadget{Header: schema.Header{UUID: gadgetID(1)}, Name: "g", Color: "red", Weight: 3, Options: map[string]string{"loud": "yes", "size": "1"}}
	o := w.apply(w.set(d))
	if len(o.Rows) != 2 || o.Rows[0].Table != "Logical_DP_Group" || o.Rows[1].New.(*sb.MeterBand).Rate != 1 {
		t.Errorf("rows %+v", o.Rows)
	}
	if len(o.Units) != 2 {
		t.Fatalf("units %+v", o.Units)
	}
	for _, u := range o.Units {
		if f := u.Flows(); len(f) != 1 || f[0].Source != "gadget" || f[0].Stage != pipeline.LSInL2Lkup ||
			strings.HasSuffix(u.Path, "/gadget") && (f[0].Hint != d.UUID || f[0].Match != `inport == "g"`) {
			t.Errorf("flows %+v", f)
		}
	}
	if len(o.NB) != 1 || *o.NB[0].New.(*gadget).Number != 1 || !slices.Equal(o.NB[0].Columns, []string{"number"}) || o.NB[0].Old != schema.Row(d) {
		t.Errorf("write-back %+v", o.NB)
	}
	if len(o.Problems) != 1 || o.Problems[0].String() != "Gadget "+d.UUID.String()+` (g): options: loud: "yes" is neither true nor false` {
		t.Errorf("problems %v", o.Problems)
	}
	if want := []Unread{{Table: "Gadget", Column: "options", Key: "size", Unknown: true, Rows: 1}, {Table: "Gadget", Column: "weight", Rows: 1}}; !slices.Equal(w.g.Unread(), want) {
		t.Errorf("unread %+v", w.g.Unread())
	}
	if got := w.g.OutputTables(); !slices.Equal(got, []string{"Logical_DP_Group", "Meter_Band"}) {
		t.Errorf("output tables %v", got)
	}
	o = w.apply(w.del(d.UUID))
	if len(w.state) != 0 || len(o.Solved) != 1 || len(w.g.Unread()) != 0 {
		t.Errorf("left over: %s", w)
	}
}

// TestGadgetsAtRandom: incremental results are those of a fresh graph that is
// given the numbers, after every step.
func TestGadgetsAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(gadgetGraph())
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			var changes []Change
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				id := gadgetID(rapid.IntRange(0, 5).Draw(t, "gadget"))
				if w.rows[id] != nil && rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
					changes = append(changes, w.del(id))
					continue
				}
				d := &gadget{Header: schema.Header{UUID: id}, Name: rapid.SampledFrom([]string{"a", "quiet"}).Draw(t, "name"),
					Color:  rapid.SampledFrom([]string{"", "red", "grey"}).Draw(t, "color"),
					Weight: int64(rapid.IntRange(0, 1).Draw(t, "weight")), Options: map[string]string{}}
				for _, k := range []string{"loud", "number", "size"} {
					if v := rapid.SampledFrom([]string{"", "", "true", "1", "2", "x"}).Draw(t, k); v != "" {
						d.Options[k] = v
					}
				}
				changes = append(changes, w.set(d))
			}
			o := w.apply(changes...)
			if rapid.Bool().Draw(t, "write back") {
				changes = nil
				for _, ch := range o.NB {
					changes = append(changes, w.set(ch.New.(*gadget)))
				}
				if again := w.apply(changes...); len(again.NB)+len(again.Rows)+len(again.Units) != 0 {
					t.Fatalf("what was written back changes %+v", again)
				}
			}
			if err := w.g.Check(); err != nil {
				t.Fatal(err)
			}
			fresh := newWorld(gadgetGraph())
			var all []Change
			for _, d := range w.rows {
				all = append(all, fresh.set(d))
				if n, ok := w.g.numbers[0].Of.Get(d.UUID); ok {
					fresh.kept = append(fresh.kept, &sb.MeterBand{Header: schema.Header{UUID: d.UUID}, Rate: int64(n)})
				}
			}
			fresh.apply(all...)
			if got, want := w.String(), fresh.String(); got != want {
				t.Fatalf("incremental:\n%s\nfresh:\n%s", got, want)
			}
		}
	})
}

// TestMove: a row and a unit that move from one table to another stay, whichever of the
// tables was declared first.
func TestMove(t *testing.T) {
	of := func(name, color string) func(*Graph) {
		return func(g *Graph) {
			rows := Read[*gadget](g)
			is := func(r *incr.Reader, id schema.UUID) (*gadget, bool) {
				d, ok := incr.Get(r, rows, id)
				return d, ok && d.Color == color
			}
			Rows(g, name+" meters", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (*sb.Meter, bool) {
				_, ok := is(r, id)
				return &sb.Meter{Header: schema.Header{UUID: id}, Name: color}, ok
			})
			NewUnits(g, "flows of "+name, incr.Keys(rows), is, func(id schema.UUID, d *gadget) Place {
				return Place{Owner: id, Name: "color", Table: "Gadget", Row: id, RowName: d.Name}
			}).Write(color, func(_ *incr.Reader, f *Flows, d *gadget) {
				f.Add(pipeline.LSInL2Lkup, 1, lflow.Eq(lflow.Inport, d.Color), lflow.Drop{})
			})
		}
	}
	w := newWorld(gadgetGraph(of("some", "red"), of("others", "blue")))
	for _, color := range []string{"red", "blue", "red"} {
		o := w.apply(w.set(&gadget{Header: schema.Header{UUID: gadgetID(1)}, Color: color}))
		unit, meter := w.state[gadgetID(1).String()+"/color"], w.state["Meter "+gadgetID(1).String()]
		if !strings.Contains(unit, color) || !strings.Contains(meter, color) {
			t.Errorf("%s: unit %q, row %q", color, unit, meter)
		}
		paths := map[string]bool{}
		for _, u := range o.Units {
			if paths[u.Path] {
				t.Errorf("%s: unit %s is told twice", color, u.Path)
			}
			paths[u.Path] = true
		}
		if err := w.g.Check(); err != nil {
			t.Error(err)
		}
	}
	w = newWorld(gadgetGraph(of("some", "red"), of("others", "red")))
	w.apply(w.set(&gadget{Header: schema.Header{UUID: gadgetID(1)}, Color: "red"}))
	if err := w.g.Check(); err == nil {
		t.Error("two tables write one unit, and nobody says so")
	}
}

// TestPanic: a row whose computation panics is reported, others are there, and
// it comes back with a row that does not panic.
func TestPanic(t *testing.T) {
	bad := func(g *Graph) {
		rows := Read[*gadget](g)
		Rows(g, "fragile", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (*sb.Meter, bool) {
			row, ok := incr.Get(r, rows, id)
			if !ok {
				return nil, false
			}
			if row.Color == "red" {
				panic("no such thing")
			}
			return &sb.Meter{Header: schema.Header{UUID: id}, Name: row.Color}, true
		})
	}
	w := newWorld(gadgetGraph(bad))
	red := &gadget{Header: schema.Header{UUID: gadgetID(1)}, Color: "red"}
	w.apply(w.set(red), w.set(&gadget{Header: schema.Header{UUID: gadgetID(2)}, Color: "blue"}))
	all := w.g.Problems()
	if len(all) != 1 || all[0].UUID != red.UUID || !strings.Contains(all[0].Reason, "internal error: no such thing") {
		t.Errorf("problems %v", all)
	}
	if !strings.Contains(w.String(), "blue") {
		t.Error("one row's panic takes others with it")
	}
	green := *red
	green.Color = "green"
	if o := w.apply(w.set(&green)); len(o.Solved) != 1 || len(w.g.Problems()) != 0 {
		t.Errorf("solved %v, problems %v", o.Solved, w.g.Problems())
	}
}

// TestInsteadOfDrop: flows that only drop do something else while it is asked
// for.
func TestInsteadOfDrop(t *testing.T) {
	sample := func(g *Graph) {
		rows := Read[*gadget](g)
		any := incr.NewIndex(rows, "grey", func(_ schema.UUID, d *gadget) []struct{} {
			if d.Color != "grey" {
				return nil
			}
			return []struct{}{{}}
		})
		g.InsteadOfDrop(Table(g, "instead", incr.Values(any), func(*incr.Reader, struct{}) (string, bool) { return "next;", true }))
	}
	w := newWorld(gadgetGraph(sample))
	w.apply(w.set(&gadget{Header: schema.Header{UUID: gadgetID(1)}, Name: "n", Color: "red"}))
	path := gadgetID(1).String() + "/gadget"
	if !strings.Contains(w.state[path], "Actions:drop;") {
		t.Error(w.state[path])
	}
	w.apply(w.set(&gadget{Header: schema.Header{UUID: gadgetID(2)}, Name: "m", Color: "grey"}))
	if !strings.Contains(w.state[path], "Actions:next;") {
		t.Error(w.state[path])
	}
	w.apply(w.del(gadgetID(2)))
	if !strings.Contains(w.state[path], "Actions:drop;") {
		t.Error(w.state[path])
	}
}
