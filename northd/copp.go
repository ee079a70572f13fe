package northd

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// The protocols of control-plane protection, ovn-nb(5), whose packets agents
// get so far: of reject, and of neighbour solicitations that are answered.
const (
	coppReject = "reject"
	coppNDNA   = "nd-na"
)

// coppMeter returns the meter of a switch's packets of a protocol to the
// agents, or "". As in OVN, one that does not exist is none.
func (c *Compiler) coppMeter(r *incr.Reader, sw schema.UUID, protocol string) string {
	s, ok := incr.Get(r, c.switches, sw)
	if !ok || s.Copp.IsZero() {
		return ""
	}
	row, ok := incr.Get(r, c.copps, s.Copp)
	if !ok {
		return ""
	}
	name := row.Meters[protocol]
	if len(incr.Lookup(r, c.meterByName, name)) == 0 {
		return ""
	}
	return name
}

// copp reads a switch's reference to the row.
func (s *lswitch) copp(c *Compiler, r *incr.Reader, id *schema.UUID, p *problems) {
	if id == nil {
		return
	}
	s.Copp = *id
	row, ok := incr.Get(r, c.copps, *id)
	if !ok {
		return
	}
	for _, protocol := range slices.Sorted(maps.Keys(row.Meters)) {
		switch name := row.Meters[protocol]; {
		case protocol != coppReject && protocol != coppNDNA:
			p.add("copp", protocol+": "+notYet)
		case len(incr.Lookup(r, c.meterByName, name)) == 0:
			p.add("copp", protocol+": there is no meter "+name)
		}
	}
}
