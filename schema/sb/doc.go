// Package sb holds the tables of the southbound database (schema version
// 21.11), one struct per table, and the forms of what else northd and the
// chassis tell each other through etcd: chunks of logical flows, how far the
// compilation is, what a chassis has applied, who wins a contested port.
//
// The rule: each column has one writer. Columns with owner=chassis are what a
// chassis writes below its own prefix; all others are the leader northd's.
//
// Imports: schema
package sb
