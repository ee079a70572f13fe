// Package meters is rate limits: tables Meter and Meter_Band go to the
// southbound database, ACLs limit their logs with them, and Copp, control-plane
// protection, limits what datapaths send to their agents.
//
// The rule: a fair meter is one southbound meter for each of its users, with
// OVN's name for it.
//
// Imports: incr, northd/graph, northd/model, schema, schema/nb, schema/sb
package meters
