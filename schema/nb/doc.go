// Package nb holds the tables of the northbound database, in which a cloud
// system says what it wants (schema version 7.19): one struct per table.
//
// The rule: table, column and type are those of OVN's northbound schema, for
// clients refuse a server that lacks one; what the columns mean is in
// ovn-nb(5).
//
// Imports: schema
package nb
