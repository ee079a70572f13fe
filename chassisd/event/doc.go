// Package event is the duty to tell clients of what only packets show
// (trigger_event): somebody wants a load balancer that has no backends. Clouds start
// some then.
//
// An event is a row of Controller_Event, ovn-sb(5), of this chassis. Who has dealt with
// it deletes the row; until then the same event is not told again.
//
// The rule: what comes from packets is bounded. There are so many events, and a new one
// takes the place of the oldest.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/tables, lflow, schema, schema/sb
package event
