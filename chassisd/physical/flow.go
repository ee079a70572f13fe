package physical

import (
	"encoding/binary"

	"github.com/weft-sdn/weft/chassisd/lower"
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

// on matches packets of the datapath. They may come without the bits of its
// groups: from another chassis, or from before these changed.
func (m *maker) on(datapath uint32) {
	s := lower.Datapath(datapath)
	m.match.SetMasked(ofp.Metadata, s.Value, s.Mask)
}

// to matches packets to the logical port or group on the datapath.
func (m *maker) to(datapath, outport uint32) {
	m.on(datapath)
	m.match.Set(regOutport, uint64(outport))
}

// enter puts the packet on the datapath. What makes or takes in a packet
// enters with this, so that flows for the datapath's groups hold for it.
func (m *maker) enter(datapath uint32, bits uint64) {
	m.act.SetField(ofp.Metadata, ofp.U64(uint64(datapath)|bits))
}

// ethernet is an Ethernet address as the value of a field.
func ethernet(mac [6]byte) uint64 {
	var b [8]byte
	copy(b[2:], mac[:])
	return binary.BigEndian.Uint64(b[:])
}

func (m *maker) set(f ofp.Field, v uint32) { m.act.SetField(f, ofp.U64(uint64(v))) }

// Zones are the conntrack zones of a port and of its datapath; 0 is none.
type Zones struct{ Port, DNAT, SNAT uint16 }

// marks are what the registers of the zones hold while a packet is a port's:
// with the zones, the bits of the port's groups (lower.PortGroupHalves).
type marks struct{ zone, dnat, snat uint32 }

func (z Zones) marks(groups uint32) marks {
	dnat, snat := lower.PortGroupHalves(groups)
	return marks{uint32(z.Port), uint32(z.DNAT) | dnat, uint32(z.SNAT) | snat}
}

// mark loads all of them: a packet may have those of another port.
func (m *maker) mark(k marks) {
	m.set(regZone, k.zone)
	m.set(regDNATZone, k.dnat)
	m.set(regSNATZone, k.snat)
}
