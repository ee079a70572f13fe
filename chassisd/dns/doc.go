// Package dns is the duty to answer DNS queries (dns_lookup) from the names that the
// packet's switch has: rows of table DNS, ovn-sb(5).
//
// The rule: what is not to be answered goes on as it came: names and types that nobody
// gave, what is no query, what is no DNS.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/tables, ofctrl/ofp, schema
package dns
