// Package schema describes OVSDB tables as Go structs: a row is a pointer to
// a struct that embeds Header, a column is a field with an `ovs` tag, and the
// descriptors (Database, Table, Column) that give an engine access by column
// name are made once from those by reflection. The package holds the values
// (Atom, Datum) in the notation of RFC 7047, the checks that a column's type
// asks for, the codec of rows and of buckets of members as they lie in etcd, and the schema in the form
// that OVSDB clients ask for.
//
// The rule: a committed row is immutable, and so is every slice and map that
// it holds. Table.Clone shares them, and what changes a column (Set,
// InsertKeys, DeleteKeys) puts a new slice or map into the clone.
//
// Imports: none
package schema
