// Package ovstest runs a private Open vSwitch for a test: ovsdb-server and
// ovs-vswitchd in a directory of their own, the switch on its dummy datapath,
// so that it needs no root, touches no interface of the machine, and still
// checks, translates and traces OpenFlow as the real one does.
//
// The rule: what a test started is gone when the test is over, whatever
// happened in it.
//
// Imports: none
package ovstest
