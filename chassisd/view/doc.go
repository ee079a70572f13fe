// Package view is what the agent sees of etcd: the southbound keys and the
// keys of all chassis, read at one revision and then followed.
//
// The rule: what is told is always the state at some revision of each prefix,
// never a part of it. The changes of one revision come together; changes that
// northd had to split over several transactions (sb/compiled says partial)
// are held back until the last of them is there; after a lost watch or a
// compaction everything is read again and only the difference told. While
// etcd cannot be reached nothing is told and nothing withdrawn.
//
// Imports: schema/sb
package view
