// Package duty is the shape of what an agent does beside flows (answering what a
// flow sends it, learning, announcing, probing) and what runs duties.
//
// A duty is a value: handlers of the logical actions that send it packets, what
// it reads of the tables, a time that it asks for, and through Out what it gives:
// packets, records below the chassis's own prefix in etcd, its next time. It knows
// neither the switch nor etcd, so a test calls its functions.
//
// The rule: all of it is bounded. Nothing waits: a duty computes and returns.
// Packets of one action are handled at a rate, which the ports that they come from
// share; what the switch is too slow for is dropped; a duty has so many records and
// no more. What was dropped is counted.
//
// Imports: chassisd/lower, chassisd/tables, ofctrl/ofp, schema
package duty
