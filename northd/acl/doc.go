// Package acl is access control: table ACL, on switches and port groups.
//
// acl.go reads a row, policy.go finds where its flows are stored (once for all
// switches that have ports of its group and want the same variant), rule.go
// writes them, base.go what they stand on, persist.go numbers those whose
// connections outlive their match.
//
// The rule: the match is stored as the user wrote it. Members of address sets
// and port groups are for the agents to put in, so that a member is a small
// change however many ACLs name its set.
//
// Imports: incr, lflow, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package acl
