// Package remote finds etcd for an agent that was told of a Southbound
// database instead: a host moved over from OVN keeps its ovn-remote, and the
// server there names the endpoints in SB_Global.options:weft-etcd.
//
// The rule: addresses are tried in turn, each with a time of its own, and the
// answer says of each why it was of no use.
//
// Imports: none
package remote
