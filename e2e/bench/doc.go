// Command bench measures weft beside stock OVN on the same machine and prints
// one line a figure:
//
//	bench NAME ours=VALUE peer=VALUE ratio=OURS/PEER goal=GOAL met|short
//
// Go benchmarks of all packages are run too. One that has a goal says so by
// reporting a metric "goal-X", the limit of its metric X: b.ReportMetric(500,
// "goal-ns/op"). What a peer needs for the same is "peer-X", and a goal for the
// ratio "goal-ratio-X". One with several goals has a line for each.
//
// The rule: both sides get the same transactions, the same switches (without a
// datapath, so that flows are all that they do) and the same held connection.
//
// Imports: e2e
package main
