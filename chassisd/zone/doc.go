// Package zone gives conntrack zones to the ports and datapaths of a chassis.
//
// The rule: a name keeps its zone for as long as it is there, also over a
// restart of the agent (the integration bridge's external_ids ct-zone-<name>
// hold them, as OVN's controller has it), and a number newly given is to be
// flushed of what somebody else left in it. A number that is asked for is taken from who
// has it; zone 0 is the host's, is shared, and never flushed.
//
// Imports: none
package zone
