// Package ovsdb serves databases of package store over RFC 7047 JSON-RPC, with
// the extensions of ovsdb-server(7): conditional monitors, resuming from a
// transaction id, the database _Server, locks. Stock clients cannot tell it
// from ovsdb-server.
//
// The rule: nothing that a client does, or fails to do, costs another client
// anything. A connection is one session with one reader; what goes out to it
// waits in a bounded queue, and a session whose queue overflows is closed. Long
// replies do not lie in memory: they are worked out while they are sent, from a
// state that does not change, by as many sessions at a time as there are places
// (store.Readers). A commit costs its size times the monitors that look at what
// it changed. Config has the limits of one connection and of all.
//
// Imports: schema, schema/server, store
package ovsdb
