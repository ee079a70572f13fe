// Package staticroute is table Logical_Router_Static_Route: routes that
// somebody has written, to a next hop or to nowhere.
//
// A route leaves by column output_port, or else by the port that has a network
// with the next hop.
//
// The rule: a route that cannot be followed as it is written is none, and its
// row says why.
//
// Imports: incr, lflow/address, northd/graph, northd/model, schema, schema/nb
package staticroute
