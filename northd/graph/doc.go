// Package graph is the compile graph of northd: what a feature declares, so
// that northbound rows become southbound rows and logical flows. It knows no
// feature.
//
// A feature declares in its constructor what it needs and what it makes:
//
//	Read       the rows of a table of the database, found by their type
//	Table      a derived table (package incr), compared by all that it holds
//	Rows       rows of a southbound table
//	Units      lists of logical flows, written by one feature or by several
//	Class      what is the same on all datapaths with an equal key: flows that
//	           are stored once, under a Logical_DP_Group
//	WriteBack  northbound columns that northd itself sets
//	Problems   what is wrong with rows, and why
//	Numbers    numbers that stay with their objects: tunnel keys and the like
//	Bool, …    options: keys of map columns, with type, default and meaning
//
// Feeding, the order of computation, what changed in the outputs, which
// southbound tables are northd's, and which columns and options nobody reads
// follow from the declarations.
//
// The rule that matters: after the first Apply nothing is declared any more,
// and the output is a function of the inputs and of the numbers given out
// before: one step or a thousand lead to the same.
//
// Imports: incr, lflow, northd/pipeline, schema, schema/nb, schema/sb
package graph
