package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
)

// NAT is a translation that a router makes between an address outside and one
// address inside, or a network of them: ovn-nb(5), table NAT.
type NAT struct {
	UUID     schema.UUID
	Router   schema.UUID
	DNAT     bool         // packets to External get to Logical
	SNAT     bool         // packets from Logical come from External
	External netip.Addr   //
	Logical  netip.Prefix // masked; one address where it is DNAT
	// Gateway is the distributed gateway port that leads outside; nil on a gateway
	// router, where all ports do.
	Gateway *RouterPort
	// Port is the switch port on whose chassis the translation is made, with an
	// Ethernet address of its own; "": where the gateway port is.
	Port string
	MAC  lflow.MAC // at which External is, of a distributed router
	// PortMin and PortMax are the ports to choose from, 0 for any.
	PortMin, PortMax uint16
	Stateless        bool
	ErrorsInside     bool // of Stateless: the packets that ICMP errors from outside tell of are changed back, too
	// Allowed and Exempt are the names of address sets: of those outside for whom the
	// translation is, or is not, made.
	Allowed, Exempt string
	Routable        bool   // other routers behind the port that leads outside know the way to External
	Match           string // "" is all packets
	Priority        int    // of those with a match
}

// At is the port on whose chassis the translation is made, "" on a gateway router.
func (n *NAT) At() string {
	switch {
	case n.Gateway == nil:
		return ""
	case n.Port != "":
		return n.Port
	}
	return n.Gateway.Redirect
}

// NATs are the translations of routers, and what others have to know of them; what is
// nil says nothing.
type NATs struct {
	OfRouter *incr.Index[schema.UUID, *NAT, schema.UUID]
	// Elsewhere are those with a Port, by router.
	Elsewhere *incr.Index[schema.UUID, *NAT, schema.UUID]
	// Offers are the addresses outside that other routers know.
	Offers []Offers
}

// Leaves tells whether something of a router is translated where its VM is, and leaves
// there.
func (t NATs) Leaves(r *incr.Reader, router schema.UUID) bool {
	return t.Elsewhere != nil && incr.Count(r, t.Elsewhere, router) > 0
}

// Of are the translations of a router.
func (t NATs) Of(r *incr.Reader, router schema.UUID) (all []*NAT) {
	if t.OfRouter == nil {
		return nil
	}
	for _, n := range incr.Each(r, t.OfRouter, router) {
		all = append(all, n)
	}
	return all
}
