package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Learned is an Ethernet address that is behind a port.
type Learned struct {
	Cookie   uint64
	Datapath uint32
	Port     uint32
	MAC      [6]byte
	Localnet bool // the port is a localnet port
	// Doubted says that the next packet from there shall tell so again.
	Doubted bool
}

// FDB makes the flows by which the port of an address is found, for get_fdb, and
// whether the sender of a packet is known, for lookup_fdb. An address that is behind
// a port of the switch itself is known as well where it comes in by a localnet port.
func FDB(l Learned) []ofctrl.Flow {
	m := maker{cookie: l.Cookie}
	eth := ethernet(l.MAC)

	m.on(l.Datapath)
	m.match.Set(ofp.EthDst, eth)
	m.set(regOutport, l.Port)
	m.add(lower.TableGetFDB, prioPort)

	known := ofp.U64(1 << lower.FlagLookupFDB)
	if !l.Doubted {
		m.on(l.Datapath)
		m.match.Set(ofp.EthSrc, eth)
		m.match.Set(regInport, uint64(l.Port))
		m.act.SetFieldMasked(regFlags, known, known)
		m.add(lower.TableLookupFDB, prioPort)
	}
	if !l.Localnet {
		m.on(l.Datapath)
		m.match.Set(ofp.EthSrc, eth)
		m.match.SetMasked(regFlags, flagLocalnet, flagLocalnet)
		m.act.SetFieldMasked(regFlags, known, known)
		m.add(lower.TableLookupFDB, prioPort)
	}
	return m.flows
}
