// Package pinctrl are the duties that answer packets from what these hold: refusals
// (reject, ICMP errors), neighbour discovery, the log of ACLs. A file each, and one
// function that makes the duty.
//
// The rule: a packet is answered from what it and its action hold, without any
// state.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet
package pinctrl
