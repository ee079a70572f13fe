// Command demo shows weft at work: three hypervisors in network namespaces, a
// switch, two VMs, a ping through the Geneve tunnel. Every step prints the
// real command and its output. With -shell it leaves the network up and opens
// a shell in it.
//
// The rule: what it builds, it takes down, however it ends.
//
// Imports: e2e
package main
