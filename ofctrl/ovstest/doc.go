// Package ovstest starts a private Open vSwitch for a test: an ovsdb-server and
// an ovs-vswitchd with dummy devices, in the test's temporary directory.
//
// The one rule that matters: a test that can start Open vSwitch never skips;
// only where the daemons are not installed does it skip, and says so.
//
// Imports: none
package ovstest
