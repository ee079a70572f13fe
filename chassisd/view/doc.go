// Package view is what the agent sees of etcd, read at one revision and then
// followed: the southbound rows, the keys of all chassis, and the logical flows
// of the datapaths that it wants.
//
// The rule: what is told is always the state at some revision of each prefix,
// never a part of it. The changes of one revision come together; changes that
// northd had to split over several transactions (sb/compiled says partial)
// are held back until the last of them is there; the flows of a datapath come
// with those of all groups that it is in, as of the revision that the rest has
// got to. Of the first state, parts are told before, to be taken in while others
// are read: nothing may be made of them until the last is there (Batch.More).
// After a compaction everything is read again and told as a whole.
// While etcd cannot be reached nothing is told and nothing withdrawn.
//
// Imports: schema, schema/sb
package view
