// Package tunnel says which tunnel ports the integration bridge must have:
// one Geneve port for each address of each other chassis, named and marked as
// OVN's controller does (name ovn-<chassis>-0, external_ids:ovn-chassis-id).
//
// The rule: a port without the mark is somebody else's and is left alone; one
// with the mark that is still right stays as it is, so that a restart of the
// agent, or its taking over from OVN's controller, moves no packet. One address
// has one port, whichever chassis has the address.
//
// Tunnels to chassis that matter for the choice of gateways are watched: bfd.go.
//
// Imports: chassisd/vswitch
package tunnel
