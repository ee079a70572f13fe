// Package radvert is the duty to advertise routers: who solicits is answered
// (put_nd_ra_opts), and the ports of this chassis are told unasked, each chassis its own
// (RFC 4861, section 6.2).
//
// The rule: what is advertised unasked is a table of the agent's; the times are random
// within what the router's port says, the first ones soon.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/physical, chassisd/tables, ofctrl/ofp, schema
package radvert
