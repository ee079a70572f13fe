// Package physical makes the OpenFlow that joins the logical pipelines to the
// machine: tables 0 (physical to logical), 59 (output to other chassis), 60
// (output to local ports), 61 (loopback check), 88 and 89 (logical to
// physical). It is OVN's, as ovn-architecture(7) tells it.
//
// Metadata is the datapath's key, and above it the bits of the groups that it is
// in (chassisd/bits). A packet may come without the bits, or with those of a
// moment ago: the flows here match the key alone, and where a packet enters a
// pipeline they set all of it.
//
// The rule: a flow depends on what its function is given and nothing else, so
// that each port, each multicast group and each tunnel is replaced by itself.
//
// Imports: chassisd/lower, ofctrl, ofctrl/ofp
package physical
