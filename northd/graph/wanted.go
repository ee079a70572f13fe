package graph

import (
	"github.com/weft-sdn/weft/schema"
)

// Wanted says what the graph wants of southbound rows that somebody else may have
// written: New is nil for one that it does not want. rows are UUIDs by table, of
// OutputTables.
//
// It looks through the tables that are asked for: it is for what happens rarely.
func (g *Graph) Wanted(rows map[string]map[schema.UUID]bool) Output {
	var o Output
	for table, ids := range rows {
		there := map[schema.UUID]bool{}
		for _, some := range g.rows[table] {
			for row := range some {
				if id := row.RowUUID(); ids[id] {
					there[id] = true
					o.Rows = append(o.Rows, Change{Table: table, UUID: id, New: row})
				}
			}
		}
		for id := range ids {
			if !there[id] {
				o.Rows = append(o.Rows, Change{Table: table, UUID: id})
			}
		}
	}
	o.sort()
	return o
}

// Everything is all that the graph wants, as the first Output was.
func (g *Graph) Everything() Output {
	var o Output
	for table, all := range g.rows {
		for _, some := range all {
			for row := range some {
				o.Rows = append(o.Rows, Change{Table: table, UUID: row.RowUUID(), New: row})
			}
		}
	}
	for _, some := range g.units {
		for u := range some {
			o.Units = append(o.Units, u)
		}
	}
	o.sort()
	return o
}
