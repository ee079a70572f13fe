package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Route is a way that packets take from a router. Several with one router, table,
// prefix and kind share the packets.
type Route struct {
	Router  schema.UUID
	Row     schema.UUID  // that it is of, if that is not its key
	Table   string       // which ports' packets it is for: options:route_table; "" is the main one
	Prefix  netip.Prefix // masked
	Kind    RouteKind
	Discard bool // packets end here; what is below means nothing
	Out     *RouterPort
	NextHop netip.Addr // on the network of Out; zero is the destination itself
	// Source is the address of Out that asks for the next hop; zero if Out has
	// none of the next hop's family.
	Source netip.Addr
	// HashFields are those by which packets are shared out among several routes,
	// sorted; none: by what the switch chooses.
	HashFields []string
	// Symmetric: replies to what comes in from the next hop leave by it.
	Symmetric bool
}

// RouteKind says which of several routes with one prefix counts.
type RouteKind uint8

// The kinds, later ones before earlier ones.
const (
	SourceRoute            RouteKind = iota // by the source of packets
	StaticRoute                             // that somebody has written
	ConnectedRoute                          // to a network of a port
	OverrideConnectedRoute                  // a static one that shall be before these
)

// RouteSource is where routes come from, each with a row of a northbound table,
// whose UUID is the key unless several are of one row.
type RouteSource struct {
	Name   string // of the feature
	Table  string // of the rows
	Routes *incr.Table[schema.UUID, *Route]
}
