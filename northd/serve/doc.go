// Package serve is the daemon around the compiler: it opens the two databases,
// leads or stands by, serves OVSDB and the admin API, feeds the compiler with
// what clients and agents write, and, where it leads, writes what it makes.
//
// The rule: one goroutine (leading.run) owns the compiler and everything that
// is computed from the feeds; servers, followers and the northbound write-back
// only exchange messages with it.
//
// Imports: store, store/etcd, store/leader, schema, schema/nb, schema/sb, schema/server, ovsdb, northd, northd/model, northd/pipeline, lflow, incr, proto, proto/admin
package serve
