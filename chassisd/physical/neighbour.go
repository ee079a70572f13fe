package physical

import (
	"encoding/binary"
	"net/netip"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// NeighbourOf is an address behind a router's port, and the Ethernet address that
// it has.
type NeighbourOf struct {
	Cookie         uint64
	Datapath, Port uint32 // tunnel keys
	IP             netip.Addr
	MAC            [6]byte
	By             Source
}

// Source is who says so. Of several, what is written and to be believed whatever the
// neighbour says goes first, then what is learned.
type Source uint8

// The sources.
const (
	Heard Source = iota
	Written
	Overriding
)

// priorities are OVN's.
var priorities = [...]uint16{Heard: prioPort, Written: 50, Overriding: 150}

// Neighbour makes the two flows by which a neighbour is found: its Ethernet
// address, for get_arp and get_nd, and whether it is known to have the one in the
// packet, for lookup_arp and lookup_nd.
func Neighbour(n NeighbourOf) []ofctrl.Flow {
	m := maker{cookie: n.Cookie}
	eth := ethernet(n.MAC)
	known := uint64(1) << lower.FlagLookupMAC

	m.to(n.Datapath, n.Port)
	m.address(n.IP)
	m.act.SetField(ofp.EthDst, ofp.U64(eth))
	m.act.SetFieldMasked(regFlags, ofp.U64(known), ofp.U64(known))
	m.add(lower.TableMACBinding, priorities[n.By])

	m.on(n.Datapath)
	m.match.Set(regInport, uint64(n.Port))
	m.address(n.IP)
	m.match.Set(ofp.EthSrc, eth)
	m.act.SetFieldMasked(regFlags, ofp.U64(known), ofp.U64(known))
	m.add(lower.TableMACLookup, priorities[n.By])
	return m.flows
}

// address matches the address where the lookups have it.
func (m *maker) address(ip netip.Addr) {
	if ip.Is4() {
		b := ip.As4()
		m.match.Set(ofp.Reg0, uint64(binary.BigEndian.Uint32(b[:])))
		return
	}
	b := ip.As16()
	m.match.Set128(ofp.XXReg0, ofp.U128{Hi: binary.BigEndian.Uint64(b[:8]), Lo: binary.BigEndian.Uint64(b[8:])})
}
