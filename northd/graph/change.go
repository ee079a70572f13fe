package graph

import (
	"cmp"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Change is one row that was added (Old is nil), deleted (New is nil) or
// changed.
type Change struct {
	Table    string
	UUID     schema.UUID
	Old, New schema.Row
	// Columns, if not nil, are the only ones that the change is about, as in
	// what is written back: the others belong to somebody else.
	Columns []string
}

// Input is what changed since the last Apply.
type Input struct {
	// NB are changed rows of any northbound table, SB changed southbound rows
	// that agents or clients write. Rows of tables that nobody reads are
	// noted as such: see Graph.Unread.
	NB, SB []Change
	// Kept are the rows that hold numbers given out before, of the tables
	// KeptTables; they are given with the first Apply. A graph that follows is
	// given each that is told, and in Lost those that are gone.
	Kept []schema.Row
	Lost []schema.UUID
}

// Output is what changes because of an Input. The first one of a Graph is
// everything there is: what the database holds beyond it is to be deleted.
type Output struct {
	Rows  []Change // southbound, sorted by table and UUID
	Units []Unit   // sorted by path
	// NB are northbound columns to write back, sorted by UUID and column. A
	// write that is lost comes again only when its row changes: retry it, until
	// it is done or the column is among Met.
	NB []Change
	// Met are northbound columns that have come to be as they shall be, that are
	// left alone now, or whose row is gone, sorted as NB: what was to be written
	// is not to be any more. They have no Old and New.
	Met []Change
	// Problems that are new, and those that are gone. Graph.Problems has all
	// that there are.
	Problems, Solved []Problem
}

// Unit is a list of logical flows that is stored under one key.
type Unit struct {
	// Path is "<uuid of Datapath_Binding or Logical_DP_Group>/<unit>".
	Path string
	// Chunk is sb.EncodeFlows of the flows; nil deletes the unit.
	Chunk []byte
}

// Flows decodes the chunk.
func (u Unit) Flows() []sb.Flow {
	if u.Chunk == nil {
		return nil
	}
	flows, err := sb.DecodeFlows(u.Chunk)
	if err != nil {
		panic("graph: " + err.Error()) // we have encoded it
	}
	return flows
}

// Problem is something in a northbound row that is not compiled, and why.
type Problem struct {
	Table  string
	UUID   schema.UUID
	Name   string // of the row, for people
	Column string
	Reason string
}

// Compare orders problems by table, row, column and reason.
func (p Problem) Compare(o Problem) int {
	return cmp.Or(cmp.Compare(p.Table, o.Table), p.UUID.Compare(o.UUID), cmp.Compare(p.Name, o.Name),
		cmp.Compare(p.Column, o.Column), cmp.Compare(p.Reason, o.Reason))
}

// String returns the problem as a line for people.
func (p Problem) String() string {
	s := p.Table + " " + p.UUID.String()
	if p.Name != "" {
		s += " (" + p.Name + ")"
	}
	if p.Column != "" {
		s += ": " + p.Column
	}
	return s + ": " + p.Reason
}
