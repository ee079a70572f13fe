// Package trace runs one packet through logical pipelines, ingress to egress
// and across patch ports from datapath to datapath, and returns every step.
//
// A Network is all the state there is: datapaths with their flows, ports,
// multicast groups, MAC bindings and FDB. Options answer what a database
// cannot: connection tracking, choices between alternatives. Network.Trace
// gives a tree of Steps; Detailed, Summary and Minimal print it in the forms
// of ovn-trace(8). Each action's meaning is one function in act_*.go, called
// from the switch in run.go.
//
// The rule that matters: the result is a function of the network, the packet
// and the options, and is bounded whatever the flows say: loops end in a step
// that says so.
//
// Imports: lflow
package trace
