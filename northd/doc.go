// Package northd compiles northbound intent into southbound rows and logical
// flows.
//
// A Compiler is a graph of incremental tables (package incr): inputs are the
// northbound rows, the chassis, the claims of ports; the last tables are the
// southbound rows, the units of logical flows, the northbound columns that
// northd writes back, and the problems of rows that cannot be compiled.
// Entity tables (switch.go, port.go) read rows into what features work with;
// each feature is one file with one value of type feature, listed in
// feature.go; outputs are rows.go, multicast.go, class.go, unit.go, writeback.go, problems.go.
//
// The rule that matters: the compiler is a function of its inputs and the
// tunnel keys it was given at start. It knows no clock, no etcd and no order
// of maps; the same inputs give the same outputs, in one step or in thousands.
//
// Imports: incr, lflow, northd/pipeline, schema, schema/nb, schema/sb
package northd
