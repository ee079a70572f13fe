// Package ovsdb serves databases of package store over RFC 7047 JSON-RPC, with
// the extensions of ovsdb-server(7): conditional monitors, resuming from a
// transaction id, the database _Server, locks. Stock clients cannot tell it
// from ovsdb-server.
//
// The rule: nothing that a client does, or fails to do, costs another client
// anything. A connection is one session with one reader; what goes out to it
// waits in a bounded queue, and a session whose queue overflows is closed. A
// commit costs its size times the monitors that look at what it changed.
//
// Imports: schema, schema/server, store
package ovsdb
