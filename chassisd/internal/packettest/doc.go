// Package packettest makes the packets that tests of the agent send.
//
// The rule: a packet is made by a library that weft's own packet code does not
// use, so that the two judge each other.
//
// Imports: none
package packettest
