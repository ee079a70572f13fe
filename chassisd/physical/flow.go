package physical

import (
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// maker collects the flows of one object.
type maker struct {
	cookie uint64
	flows  []ofctrl.Flow
	match  ofp.MatchBuilder
	act    ofp.ActionBuilder
}

// add ends a flow: what was put into match and act since the last one.
func (m *maker) add(table uint8, priority uint16) {
	m.flows = append(m.flows, ofctrl.Flow{
		Table: table, Priority: priority, Cookie: m.cookie,
		Match: m.match.Match(), Actions: m.act.Actions(),
	})
	m.match.Reset()
	m.act.Reset()
}

// to matches packets to the logical port or group on the datapath.
func (m *maker) to(datapath, outport uint32) {
	m.match.Set(ofp.Metadata, uint64(datapath))
	m.match.Set(regOutport, uint64(outport))
}

func (m *maker) set(f ofp.Field, v uint32) { m.act.SetField(f, ofp.U64(uint64(v))) }

// Zones are the conntrack zones of a port and of its datapath; 0 is none.
type Zones struct{ Port, DNAT, SNAT uint16 }

// zones loads them; those that there are not stay what they are, zero.
func (m *maker) zones(z Zones) {
	if z.Port != 0 {
		m.set(regZone, uint32(z.Port))
	}
	if z.DNAT != 0 {
		m.set(regDNATZone, uint32(z.DNAT))
	}
	if z.SNAT != 0 {
		m.set(regSNATZone, uint32(z.SNAT))
	}
}
