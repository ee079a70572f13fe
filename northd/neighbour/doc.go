// Package neighbour is how logical routers find the Ethernet address of a next
// hop: from the database where it has it, from what agents have learned, or by
// asking.
//
// learn.go has the learning of who sends ARP and neighbour discovery, resolve.go
// the way from next hop to address, segment.go what the database knows of the
// addresses behind a router's port.
//
// The rule: an address is written once, however many routers are on its
// switch. A stage that OVN does not have names the switch behind the output
// port; the addresses on a switch are flows of the group of its routers.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package neighbour
