// Package bfd is the duty to find out whether next hops are alive: it speaks BFD
// (RFC 5880, asynchronous mode, RFC 5881, one hop) for the routers' ports that are
// on this chassis, and says in table BFD how each session is.
//
// session.go is a session, which knows neither packets nor the agent; bfd.go has
// them all, finds the one that a packet is for, and sends.
//
// The rule: a record changes when the state does, and at no other time. An agent
// that starts again goes on with a session that was up, and hears from the peer
// first.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/tables, ofctrl/ofp, schema, schema/sb
package bfd
