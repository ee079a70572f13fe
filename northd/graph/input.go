package graph

import (
	"fmt"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// RowTable is an input with the rows of one table of a database.
type RowTable[R schema.Row] = incr.Input[schema.UUID, R]

// input is an input without its type.
type input interface {
	put(Change)
	each(func(schema.Row))
}

type rowInput[R schema.Row] struct{ table *RowTable[R] }

func (in rowInput[R]) put(ch Change) {
	if ch.New == nil {
		in.table.Delete(ch.UUID)
	} else {
		in.table.Set(ch.UUID, ch.New.(R))
	}
}

func (in rowInput[R]) each(yield func(schema.Row)) {
	for _, row := range in.table.All() {
		yield(row)
	}
}

// Read returns the input with the rows of type R, northbound ones or such
// that agents and clients write southbound. All who ask for a type get the
// same table. Columns are those that the caller reads; keys of options are
// declared by themselves (Bool, …). What no feature reads the graph can tell:
// see Unread.
func Read[R schema.Row](g *Graph, columns ...string) *RowTable[R] {
	t, db := tableOf[R](g)
	if db == northbound {
		g.unread.reads(t, columns)
	}
	key := db + t.Name
	if in, ok := g.inputs[key]; ok {
		return in.(rowInput[R]).table
	}
	// Rows are immutable: one that has changed is another one.
	table := incr.NewInput[schema.UUID](g.Engine, key, func(a, b R) bool { return schema.Row(a) == schema.Row(b) })
	g.inputs[key] = rowInput[R]{table}
	return table
}

// Reads tells whether a feature reads the rows of a southbound table.
func (g *Graph) Reads(table string) bool {
	_, ok := g.inputs[southbound+table]
	return ok
}

// What stands before a table's name, which may be in both databases.
const (
	northbound = "NB "
	southbound = "SB "
)

// tableOf returns the table of a row type, and its database.
func tableOf[R schema.Row](g *Graph) (t *schema.Table, db string) {
	var row R
	if t = g.config.NB.TableOf(row); t != nil {
		return t, northbound
	}
	if t = g.config.SB.TableOf(row); t != nil {
		return t, southbound
	}
	panic(fmt.Sprintf("graph: %T is no row of a table", row))
}

// feed sets the inputs of one database.
func (g *Graph) feed(db string, changes []Change) {
	for _, ch := range changes {
		if in, ok := g.inputs[db+ch.Table]; ok {
			in.put(ch)
		}
	}
}
