// Package lb balances load: connections to a virtual address (VIP) go to one of its
// backends, on switches, and on routers that have a gateway.
//
// parse.go reads rows of Load_Balancer, where.go finds the datapaths that have them,
// switch.go and router.go write the flows of a VIP, template.go those of one with
// template variables, distributed.go what is other where each chassis balances for
// itself, stateless.go where nobody remembers connections, hairpin.go what a backend
// needs that calls its own VIP, address.go tells others which addresses routers have by
// their VIPs, offer.go to which of them other routers route, check.go which backends are
// asked whether they serve (package health).
//
// The rule: the flows of a VIP are one unit, stored once for all switches that have
// its load balancer by the same group, or that are named by the same set of rows. A
// backend more is a change of that unit alone. On a datapath one load balancer has
// a VIP; another that has it too is told so.
//
// Imports: incr, lflow, lflow/address, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package lb
