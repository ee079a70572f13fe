package northd

import (
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Options configure a Compiler. The zero value is the default.
type Options struct {
	// MaxDatapathKey and MaxPortKey bound the tunnel keys that are given out;
	// 0 means what Geneve has room for, 2^24-1 and 2^15-1.
	MaxDatapathKey, MaxPortKey int
	// Workers is how many goroutines evaluate rows; 0 means GOMAXPROCS.
	Workers int
}

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

// Claim says which chassis has a port, and whether its flows are in there.
type Claim struct {
	Chassis string // name
	Up      bool
}

// Input is what changed since the last Apply.
type Input struct {
	// NB are changed rows of any northbound table; tables that nothing is
	// compiled from yet are ignored.
	NB []Change
	// Chassis are changed southbound Chassis rows, by UUID; nil is gone.
	Chassis map[schema.UUID]*sb.Chassis
	// Claims are the changed winners of ports, by Port_Binding UUID; nil is
	// nobody.
	Claims map[schema.UUID]*Claim
	// DatapathKeys and PortKeys are the tunnel keys of the Datapath_Binding
	// and Port_Binding rows that exist, given with the first Apply.
	DatapathKeys, PortKeys map[schema.UUID]int
	// ACLIDs are the numbers of the ACL_ID rows that exist, likewise.
	ACLIDs map[schema.UUID]int
}

// Output is what changes because of an Input. The first one of a Compiler is
// everything there is: what the database holds beyond it is to be deleted.
type Output struct {
	Rows  []Change // southbound, sorted by table and UUID
	Units []Unit   // sorted by path
	// NB are northbound columns to write back. A write that is lost comes
	// again only when its row changes: retry it.
	NB []Change
	// Problems that are new, and those that are gone. Compiler.Problems has
	// all that there are.
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
		panic("northd: " + err.Error()) // we have encoded it
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

// OutputTables are the southbound tables that the compiler writes all rows of.
func OutputTables() []string {
	return []string{"ACL_ID", "Address_Set", "Datapath_Binding", "Logical_DP_Group", "Meter", "Meter_Band", "Multicast_Group", "Port_Binding", "Port_Group"}
}
