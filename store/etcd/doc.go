// Package etcd is how weft meets its etcd: a member embedded in the process
// with limits raised, a client for an external cluster, and the discovery of
// what an external cluster's limits are.
//
// The rule: what weft may put into one etcd transaction is asked of the server
// (Probe) or set by us (Start), never assumed.
//
// Imports: none
package etcd
