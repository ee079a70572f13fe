// Package conntrack ends connections in the switch by what they were committed
// with, for which OpenFlow has no message in every version of Open vSwitch.
//
// The rule: it is asked beside the agent's loop, with a deadline, and what it holds
// in memory does not depend on how many connections there are.
//
// Imports: ofctrl, ofctrl/ofp
package conntrack
