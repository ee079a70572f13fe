package gateway

import (
	"fmt"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Which chassis of an HA group is alive agents find out by BFD through the tunnels
// between them. How they do is said for all of them by options of NB_Global, which
// they read in SB_Global; here is told what is wrong with these.

// Bounds of the options: what Open vSwitch can say in a control packet, RFC 5880,
// section 4.1, which has microseconds in 32 bits and 8 bits of multiplier. defaultMinRX
// is Open vSwitch's own, ovs-vswitchd.conf.db(5).
const (
	maxInterval  = (1<<32 - 1) / 1000
	maxMult      = 1<<8 - 1
	defaultMinRX = 1000
)

func newWatching(g *graph.Graph) {
	const from = "BFD of the tunnels by which gateways fail over: "
	minRX := graph.Int[*nb.NBGlobal](g, "options", "bfd-min-rx", defaultMinRX, 1, maxInterval, "",
		from+"the least ms between two BFD packets that a chassis is ready to receive")
	decay := graph.Int[*nb.NBGlobal](g, "options", "bfd-decay-min-rx", 0, 0, maxInterval, "0, off",
		from+"in place of bfd-min-rx, and not below it, while no other packets come in")
	minTX := graph.Int[*nb.NBGlobal](g, "options", "bfd-min-tx", 100, 1, maxInterval, "",
		from+"the least ms between two BFD packets that a chassis sends")
	mult := graph.Int[*nb.NBGlobal](g, "options", "bfd-mult", 3, 1, maxMult, "",
		from+"after how many BFD packets that fail to appear a chassis counts as gone")
	rows := graph.Read[*nb.NBGlobal](g)
	graph.ProblemTable(g, "BFD of tunnels", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return nil
		}
		p := graph.RowProblems{Table: "NB_Global", Row: id, Name: row.Name}
		least, slow := minRX.Read(row.Options, &p), decay.Read(row.Options, &p)
		minTX.Read(row.Options, &p)
		mult.Read(row.Options, &p)
		if slow > 0 && slow < least {
			p.Problem("options", fmt.Sprintf("bfd-decay-min-rx: %d is without effect: it is less than bfd-min-rx, which is %d", slow, least))
		}
		return p.List
	})
}
