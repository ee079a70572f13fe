// Package config reads what OVN's controller reads from the Open_vSwitch row:
// external_ids, each of which a key with the chassis's name behind it
// overrides (`ovn-encap-ip-hv1`).
//
// The rule: bad values are problems, not failures. What can be understood is
// used, the rest is reported with its key until somebody mends it.
//
// Imports: chassisd/packet
package config
