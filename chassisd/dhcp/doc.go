// Package dhcp is the duty to answer DHCP requests (put_dhcp_opts, put_dhcpv6_opts): the
// packet becomes the answer, which the flows send back. v4.go and v6.go have a protocol
// each.
//
// The rule: a request is answered from what it and its action hold, without any state:
// who asks again is told the same, on whatever hypervisor. What is for another server, or
// of nobody's concern, goes on as it came; what is malformed is dropped and counted.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, lflow
package dhcp
