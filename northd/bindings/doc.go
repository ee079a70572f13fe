// Package bindings writes what the Southbound database shows of ports, and what the
// Northbound database is told of them.
//
// bindings.go has the rows of Port_Binding of switches' and routers' ports, redirect.go
// those of the ports that stand for gateway ports, announce.go what a gateway's chassis
// announces of its router.
//
// The rule: columns that chassis own (chassis, up, encap, …) stay empty: package serve
// shows there what agents write.
//
// Imports: incr, northd/graph, northd/model, schema, schema/nb, schema/sb
package bindings
