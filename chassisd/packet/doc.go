// Package packet takes apart and builds the packets that the agent answers
// itself: one protocol a file, each with its constants, its struct, what reads
// it and what writes it.
//
// The rule: what reads never trusts a length and never panics; what writes
// appends to the caller's buffer.
//
// Imports: none
package packet
