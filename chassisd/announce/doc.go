// Package announce is the duty to say on physical networks where addresses are: when
// a port with a localnet port on its switch comes to this chassis, and when a router
// does, so that the network sends to here (gratuitous ARP, RFC 5227, section 3; RARP
// where there is no IPv4 address; of routers unsolicited neighbour advertisements, RFC
// 4861, section 7.2.6).
//
// The rule: what is announced is a table of the agent's; an address that comes is
// announced at once and after 1, 2, 4 and 8 s more, as by OVN.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/tables, ofctrl/ofp
package announce
