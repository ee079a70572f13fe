// Package pinctrl answers the packets that flows send to the agent: a
// dispatcher and one handler a file.
//
// A flow's controller action carries userdata (package lower): which logical
// action it is, then what its handler needs. The packet-in carries the
// registers.
//
// The rule: nothing here waits. A handler computes; what it sends is dropped
// where the switch is too slow, and each kind of packet has a rate beyond
// which it is not looked at.
//
// Imports: chassisd/lower, chassisd/packet, ofctrl/ofp
package pinctrl
