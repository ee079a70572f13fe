// Package binding decides which logical ports are bound here: for which ports
// this chassis asks, and who of several that ask gets one.
//
// The rule: every chassis decides alike from the same keys of etcd, so nobody
// has to ask anybody. What an agent is about to write counts for itself as
// written, last of all: its port works before etcd has answered, and where
// etcd is away.
//
// Imports: none
package binding
