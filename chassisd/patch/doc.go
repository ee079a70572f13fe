// Package patch joins the integration bridge to the bridges of physical networks: by
// a pair of patch ports for each localnet port. Names and external_ids are those of
// OVN's controller, so that operators find what they know.
//
// The rule: ports with our mark on the integration bridge, and those with it on
// others that are called after that bridge, are ours; no other port is touched.
//
// Imports: chassisd/vswitch
package patch
