// Package packettest makes the packets that tests of the agent send.
//
// The rule: a packet is made by a library that weft's own packet code does not
// use, or was recorded from stock OVN, so that they judge each other.
//
// Imports: none
package packettest
