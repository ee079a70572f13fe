// Package l2 is what makes a logical switch a switch: nobody sends from a
// group's address, packets find the port of their destination, broadcasts find
// all, and questions for known addresses are answered at once.
//
// One file for each of these: admission.go, lookup.go, learning.go, neighbours.go,
// and multicast.go with the groups that packets are flooded to. routers.go has what
// is different where routers are.
//
// The rule: what is the same on all switches is written once; what a switch's
// options change is in the class of this package.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package l2
