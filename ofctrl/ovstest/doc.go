// Package ovstest runs a private Open vSwitch for a test: an ovsdb-server and
// an ovs-vswitchd in a directory of their own, with dummy devices and the dummy
// datapath, so that it needs no root, touches no interface of the machine, and
// still checks, translates and traces OpenFlow as the real one does.
//
// The one rule that matters: what a test started is gone when the test is over,
// whatever happened in it. A test that can start Open vSwitch never skips; only
// where the daemons are not installed does it skip, and says so.
//
// Imports: none
package ovstest
