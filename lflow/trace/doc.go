// Package trace runs one packet through logical pipelines, ingress to egress
// and across patch ports from datapath to datapath, and returns every step.
//
// A Network is the state that a database has: datapaths with their flows,
// ports, multicast groups, MAC bindings, FDB, names. Options answer what a
// database cannot: choices between alternatives, what connection tracking
// finds, what the agent answers. Network.Trace gives a tree of Steps; Detailed,
// Summary and Minimal print it in the forms of ovn-trace(8). Each action's
// meaning is one function in act_*.go, called from the switch in run.go.
//
// Alone, a trace is that of ovn-trace. With a Conntrack (track.go) and a
// Learned among the options, trace after trace is packet after packet in a
// switch: what one leaves behind the next one meets.
//
// The rule that matters: the result is a function of the network, the packet
// and the options, and is bounded whatever the flows say: loops end in a step
// that says so.
//
// Imports: lflow, lflow/address, lflow/portsec
package trace
