// Package stateful sends packets through conntrack and commits connections,
// where other features ask for that with bits. The flows are OVN's; switches on
// which nobody asks have none of them.
//
// The rule: who needs conntrack demands it (model.ConntrackDemand) and sets the
// bits ct_defrag, ct_nat and ct_commit; this package alone sends packets there.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema
package stateful
