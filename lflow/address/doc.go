// Package address reads the addresses that columns hold as text: "MAC IP…" in
// Logical_Switch_Port:addresses and port_security, ovn-nb(5).
//
// Beside them stand the addresses with ports of load balancers, and the ages of what is learned of addresses, by their networks.
//
// The rule: what is not an address is an error that quotes it.
//
// Imports: lflow
package address
