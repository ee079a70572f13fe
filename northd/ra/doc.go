// Package ra is router advertisements: column ipv6_ra_configs of Logical_Router_Port,
// ovn-nb(5). Who solicits is answered by flows; what is said unasked agents send, from
// options of the port's row in the southbound database.
//
// The rule: both say the same, and what cannot be read is left out of both.
//
// Imports: incr, lflow, lflow/address, northd/graph, northd/model, northd/pipeline, schema, schema/nb
package ra
