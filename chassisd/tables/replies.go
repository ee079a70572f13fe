package tables

import (
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// ReplyHop is a next hop of a local router to which replies leave because their
// connections came from there. The connections have its Ethernet address noted.
type ReplyHop struct {
	Zone uint16     // of the connections
	MAC  packet.MAC // zero where nobody knows it
}

// joinReplies declares these next hops.
func (t *Tables) joinReplies() {
	byDatapath := incr.NewIndex(t.ECMPNexthops, "datapath", func(_ schema.UUID, row *sb.ECMPNexthop) []schema.UUID { return one(row.Datapath) })
	t.ReplyHops = incr.NewTable(t.Engine, "next hops of replies", incr.Eq[ReplyHop], incr.Under(byDatapath, incr.Keys(t.Local)),
		func(r *incr.Reader, id schema.UUID) (h ReplyHop, ok bool) {
			row, _ := incr.Get(r, t.ECMPNexthops, id)
			name, _ := incr.Get(r, t.ZoneNames, row.Datapath)
			h.Zone, ok = incr.Get(r, t.Zones, zone.DNAT(name))
			h.MAC, _ = packet.ParseMAC(row.MAC) // "" where nobody knows it
			return h, ok
		}).Feed()
}
