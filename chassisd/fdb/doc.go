// Package fdb is the duty to learn (put_fdb) which Ethernet addresses are behind
// ports that may have any: into table FDB.
//
// What one agent hears is for all: it goes to etcd as a record of this chassis and
// comes back, as the records of others do, as a row of the tables, from which each
// agent that has the switch makes its flows. Where several have heard an address,
// all choose the same one (tables.Sender); who sees that another knows better takes
// its record back.
//
// A record has an owner, the chassis that heard it, and goes when it is too old
// (fdb_age_threshold). At half that age the flow by which a sender is known is left
// out, so that the next packet tells of it again, and who hears it owns it from then
// on: a sender that goes on sending is never forgotten.
//
// The rule: what comes from packets is bounded. A port has so many records, and a
// new one takes the place of its oldest.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/tables, ofctrl/ofp, schema, schema/sb
package fdb
