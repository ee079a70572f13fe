// Package nat translates addresses in routers: of many inside to one outside
// (snat), of one outside to one inside (dnat), and both (dnat_and_snat, a floating
// IP), on a gateway router or where a distributed router has a gateway port.
//
// parse.go reads rows of table NAT. address.go is what is the same for all translations with one address outside: who
// is told where it is, and how packets for it find the chassis that translates.
// rule.go is the translation of a row, gateway.go what gateway routers have beside,
// switch.go how the switch outside gets to the address, routes.go how other routers do,
// commits.go the connections of which nothing is translated.
//
// The rule: on a distributed router a connection is one entry of conntrack, in the
// zone of DNAT, whatever is translated: one lookup undoes what was done or does what
// is new. Only between two addresses outside of one chassis there are two entries,
// the one of SNAT in a zone of its own, as no entry can have both. Nothing leaves
// untranslated that a row says is to be translated.
//
// Imports: incr, lflow, lflow/address, northd/graph, northd/model, northd/pipeline, schema, schema/nb
package nat
