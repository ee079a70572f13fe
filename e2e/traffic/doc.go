// Package traffic plays the programs of a VM: clients and servers that act inside
// a network namespace, which is given by its name. It knows no sandbox.
//
// The rule: whoever waits, waits for an answer, with a deadline.
//
// Imports: e2e/netns, e2e/packet
package traffic
