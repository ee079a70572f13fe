package model

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Conntrack is what features demand of connection tracking on a switch.
type Conntrack struct {
	Stateful   bool // IP packets go through conntrack; nothing is forgotten when that ends
	Persistent bool // connections are committed with the number of the ACL that let them in
	Labelled   bool // some of them with its label, and where it is
}

// Join is what two demand together.
func (c Conntrack) Join(o Conntrack) Conntrack {
	return Conntrack{c.Stateful || o.Stateful, c.Persistent || o.Persistent, c.Labelled || o.Labelled}
}

// ConntrackDemand is what one feature demands on a switch.
type ConntrackDemand func(r *incr.Reader, sw schema.UUID) Conntrack
