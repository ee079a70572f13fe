// Package ledger writes the keys that this chassis owns: its record, its
// claims, its status.
//
// The rule: it is told what the keys must be and what they are, and writes the
// difference, whatever happened in between. Nothing is deleted before it was
// said that all wishes are there; so a restarted agent rewrites nothing that
// is right and releases nothing that it still holds.
//
// Imports: none
package ledger
