package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
)

// Offer is an address that is not of a router's port and that the other routers on a
// switch know nevertheless, and route to: option add_route, ovn-nb(5).
type Offer struct {
	IP             netip.Addr
	MAC            lflow.MAC
	Router, Switch schema.UUID
	Row            schema.UUID // that offers it
}

// Offers are what a feature offers.
type Offers struct {
	Name  string // "route to …"
	Table string // of the rows
	All   *incr.Table[schema.UUID, *Offer]
}
