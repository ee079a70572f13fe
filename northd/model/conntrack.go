package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Conntrack is what features demand of connection tracking on a switch.
type Conntrack struct {
	Stateful   bool // IP packets go through conntrack; nothing is forgotten when that ends
	Persistent bool // connections are committed with the number of the ACL that let them in
	Labelled   bool // some of them with its label, and where it is
	Balanced   bool // packets are translated as their connections are
}

// Join is what two demand together.
func (c Conntrack) Join(o Conntrack) Conntrack {
	return Conntrack{c.Stateful || o.Stateful, c.Persistent || o.Persistent, c.Labelled || o.Labelled, c.Balanced || o.Balanced}
}

// LoadBalancing is what others have to know of load balancers; what is nil says
// nothing.
type LoadBalancing struct {
	Switch ConntrackDemand
	// Router tells whether a router balances load.
	Router func(r *incr.Reader, router schema.UUID) bool
	// Leaves tells whether some backends of a router answer from where they are, and not
	// by way of its gateway.
	Leaves func(r *incr.Reader, router schema.UUID) bool
	// Answered are the virtual addresses that a router answers for by a port.
	Answered func(r *incr.Reader, p *RouterPort) []netip.Addr
	// Offers are those that other routers know.
	Offers []Offers
}

// OnRouter calls the function, if there is one.
func (b LoadBalancing) OnRouter(r *incr.Reader, router schema.UUID) bool {
	return b.Router != nil && b.Router(r, router)
}

// ConntrackDemand is what one feature demands on a switch.
type ConntrackDemand func(r *incr.Reader, sw schema.UUID) Conntrack

// Of calls the function, if there is one.
func (d ConntrackDemand) Of(r *incr.Reader, sw schema.UUID) Conntrack {
	if d == nil {
		return Conntrack{}
	}
	return d(r, sw)
}
