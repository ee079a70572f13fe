// Package dns has agents answer DNS queries for the names of table DNS, on switches that
// have some: ovn-nb(5), column dns_records of Logical_Switch.
//
// The rule: names go to the southbound database as they are, each row once for all its
// switches; what a query is answered, agents know.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package dns
