// Package server holds the tables of the database _Server, in which an OVSDB
// server tells its clients which databases it serves and in which state they
// are: ovsdb-server(7).
//
// The rule: it is presented, never stored.
//
// Imports: schema
package server
