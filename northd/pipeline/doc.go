// Package pipeline is the order in which a packet meets the stages of logical
// switches and routers, and who may keep what in which register between them.
// Both are data: lists in stages.go and bits.go.
//
// The rule that matters: a stage's number is its place in its list and is
// written nowhere else. Where a stage does the job of one of OVN's, it has
// OVN's name (ovn-northd(8)).
//
// Imports: lflow
package pipeline
