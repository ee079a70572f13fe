// Package sb holds the tables of the southbound database (schema version
// 21.11), one struct per table, and the forms of what else northd and the
// chassis tell each other through etcd: chunks of logical flows, how far the
// compilation is, what a chassis has applied, who wins a contested port.
//
// The rule: each key has one writer. Columns with owner=chassis are what a
// chassis writes below its own prefix, or, where none does, what a client wrote,
// which the leader northd keeps for it; all others are the leader's.
//
// Imports: schema
package sb
