// Package route is the routing of logical routers: of all routes that match a
// packet, the one with the longest prefix says by which port it leaves, and to
// which next hop.
//
// Networks of a router's ports are connected by themselves; other routes come
// from sources, which are features of their own (model.RouteSource).
//
// The rule: a prefix has one flow for each kind of route, and priorities tell
// lengths and kinds, as in OVN.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package route
