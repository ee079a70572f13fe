// Package bfd is table BFD: sessions by which a router's port finds out whether a
// next hop is alive (RFC 5880, RFC 5881).
//
// A row becomes a southbound row, from which the agent that has the port runs the
// session; what the agent says of it comes back as the row's status. session.go
// has the rows, flows.go what takes their packets to the agent and from it.
//
// The rule: a session runs while a static route or a policy uses its peer as next
// hop. One that nobody uses is admin_down, as in OVN; one that is used is down
// until its agent says otherwise.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package bfd
