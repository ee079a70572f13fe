// Package store is a database engine with OVSDB's semantics (RFC 7047) whose
// truth lies in etcd: transactions, references, garbage collection, unique
// indexes, a feed of commits, history. Rows are the structs of package schema;
// each is a key under Config.Prefix, and so is each bucket of the members of a
// large set or map. Which buckets there are follows from the members.
//
// The rule: a machine without I/O applies transactions one after another to a
// state that is a value (persistent tries), one goroutine (the loop) brings it
// what comes and does what it asks for, and nobody sees a change or an answer
// before etcd has accepted it. What etcd refuses is undone by forgetting the
// new state. A transaction costs what it touches, whatever the size of the
// tables. What only reads gets a state from that goroutine and looks through it
// elsewhere, at the pace of who asked; what waits is kept by what it read.
//
// Imports: schema
package store
