// Package admin is what both daemons share of the gRPC admin API: the
// listener, health, reflection, and the client's side of dialling.
//
// The rule: a daemon's answers come from its own AdminServer; nothing here
// knows what a daemon does.
//
// Imports: proto
package admin
