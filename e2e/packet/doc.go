// Package packet turns Ethernet frames into named fields and back, so that
// scenarios can say what they send and what they expect to see. The names are
// those of OVN's match language (eth.src, ip4.dst, nd.target, …); those of
// messages (DHCP, DNS, router advertisements, IGMP, MLD, BFD) begin with the
// protocol, and options have the names of OVN's tables. Messages are only decoded:
// to send one is to send its bytes as payload.
//
// The rule: Decode never fails and never panics, whatever the bytes; what it
// cannot understand it gives as payload.
//
// Imports: none
package packet
