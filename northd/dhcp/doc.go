// Package dhcp has agents answer the DHCP requests of VMs: table DHCP_Options, columns
// dhcpv4_options and dhcpv6_options of Logical_Switch_Port, ovn-nb(5).
//
// options.go reads a row, dhcp.go finds what a port is answered and writes its flows.
//
// The rule: an option that cannot be read is left out, and its row is told; what else the
// row says is answered.
//
// Imports: incr, lflow, lflow/address, northd/graph, northd/model, northd/pipeline, schema, schema/nb, schema/sb
package dhcp
