// Package router is what makes a logical router a router: it takes the frames
// that are for one of its ports, answers what is for itself, tells senders of
// packets that have run out of hops, and outputs what was routed.
//
// admission.go has both ends of the pipeline, input.go what is dropped on all
// routers, own.go what is done with packets to the router's addresses.
// Neighbours and routes are packages of their own.
//
// The rule: what a port says of its addresses holds on the whole router; only
// questions for an Ethernet address and errors are about the port that a
// packet came in by. What a gateway port says of itself, its chassis says.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema
package router
