// Package portsectest makes random port security for tests: columns, and packets
// that they are about.
//
// The rule: what it makes follows from the seed of its random numbers.
//
// Imports: none
package portsectest
