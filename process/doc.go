// Package process is what every daemon of ours sets up for itself as a process:
// how much memory it may use, and how much it may log.
//
// The rule: what the machine or its operator says comes first; GOMEMLIMIT in the
// environment is left alone.
//
// Imports: nothing of ours
package process
