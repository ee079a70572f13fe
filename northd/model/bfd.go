package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// BFDSession is a row of the northbound table BFD for those who use the next hop
// that it watches.
type BFDSession struct {
	Port string // name of the router's port that asks
	Peer netip.Addr
	Up   bool // the peer answers
}

// BFDSessions returns the session of a row of table BFD, if there is such a row
// that makes sense. A nil one knows none.
type BFDSessions func(r *incr.Reader, row schema.UUID) (BFDSession, bool)

// Usable tells whether sessions let a next hop be used. A session that watches
// another address says nothing of it; nor does one of another port, where the port
// is given.
func (b BFDSessions) Usable(r *incr.Reader, port string, hop netip.Addr, rows ...schema.UUID) bool {
	if b == nil {
		return true
	}
	for _, id := range rows {
		s, ok := b(r, id)
		if ok && s.Peer == hop && (port == "" || s.Port == port) && !s.Up {
			return false
		}
	}
	return true
}
