package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// VLAN is how the packets of a switch look on a physical network.
type VLAN struct {
	Tag     uint16 // 0: they have none
	Service bool   // the tag is one of IEEE 802.1ad
	// Pass says of a switch without a tag that packets keep those of its ports.
	Pass bool
}

// Bits of a VLAN field: whether there is a tag, and its number.
const (
	vlanPresent = 1 << 12
	vlanMask    = vlanPresent | (1<<12 - 1)
)

// prioVLAN is above those who take packets without a tag, or any.
const prioVLAN = 150

// RouterMACs are the Ethernet addresses of a switch's router ports beside the physical
// network. Such a port is on each chassis: were its address the source of what they
// send, the network would see it move from chassis to chassis.
type RouterMACs struct {
	// Own is the source of what this chassis sends in place of those in Replaced.
	Own      [6]byte
	Replaced [][6]byte
	// Restored is the source of what other chassis sent under theirs (ChassisMAC),
	// zero where it stays.
	Restored [6]byte
}

// Localnet is a port by which packets leave the switch for a physical network, on
// each chassis that is connected to it. What is for this chassis alone stays here,
// as do packets of a localport.
func Localnet(p Port, v VLAN, r RouterMACs) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.fromNetwork(p, v, r)
	m.leave(p)

	m.match.SetMasked(regFlags, FlagLocalOnly, FlagLocalOnly|flagOverride)
	m.to(p.Datapath, uint32(p.Key))
	m.add(lower.TableCheckLoopback, prioRule) // drop
	m.match.SetMasked(regFlags, flagLocalport, flagLocalport)
	m.to(p.Datapath, uint32(p.Key))
	m.add(lower.TableCheckLoopback, prioRule) // drop

	for _, mac := range r.Replaced {
		m.to(p.Datapath, uint32(p.Key))
		m.match.Set(ofp.EthSrc, ethernet(mac))
		m.act.SetField(ofp.EthSrc, ofp.U64(ethernet(r.Own)))
		m.toNetwork(p, v)
		m.act.SetField(ofp.EthSrc, ofp.U64(ethernet(mac))) // for the next port of a group
		m.add(lower.TableLogToPhy, prioRule)
	}
	m.to(p.Datapath, uint32(p.Key))
	m.toNetwork(p, v)
	m.add(lower.TableLogToPhy, prioPort)
	return m.flows
}

// toNetwork sends the packet; a copy for the next port of a group has no tag.
func (m *maker) toNetwork(p Port, v VLAN) {
	if v.Tag == 0 {
		m.act.Output(p.Ofport)
		return
	}
	m.act.PushVLAN(v.etherType())
	m.act.SetField(ofp.VLANVID, ofp.U64(vlanPresent|uint64(v.Tag)))
	m.act.Output(p.Ofport)
	m.act.PopVLAN()
}

func (v VLAN) etherType() uint16 {
	if v.Service {
		return 0x88a8
	}
	return 0x8100
}

// fromNetwork takes in what is of the port's VLAN. A tag with number 0 is none, it
// says only how urgent the packet is: IEEE 802.1Q, section 6.9.
func (m *maker) fromNetwork(p Port, v VLAN, r RouterMACs) {
	if v.Tag != 0 {
		m.fromVLAN(p, vlanPresent|uint64(v.Tag), prioVLAN, r)
		return
	}
	m.fromVLAN(p, 0, prioPort, r)
	m.fromVLAN(p, vlanPresent, prioPort, r)
	if v.Pass {
		m.match.Set(ofp.InPort, uint64(p.Ofport))
		m.match.SetMasked(ofp.VLANVID, vlanPresent, vlanPresent)
		m.take(p, 0)
		m.add(lower.TablePhyToLog, prioPort-1)
	}
}

// fromVLAN takes in what has a tag, or none. What another chassis has routed gets its
// router's address back.
func (m *maker) fromVLAN(p Port, vid uint64, priority uint16, r RouterMACs) {
	from := func() {
		m.match.Set(ofp.InPort, uint64(p.Ofport))
		m.match.SetMasked(ofp.VLANVID, vid, vlanMask)
	}
	take := func() {
		if vid != 0 {
			m.act.PopVLAN()
		}
		m.take(p, 0)
	}
	from()
	take()
	m.add(lower.TablePhyToLog, priority)
	if r.Restored == [6]byte{} {
		return
	}
	from()
	m.act.Conjunction(chassisMACConj, 1, 2)
	m.add(lower.TablePhyToLog, prioChassisMAC)
	from()
	m.match.Set(ofp.ConjID, chassisMACConj)
	m.act.SetField(ofp.EthSrc, ofp.U64(ethernet(r.Restored)))
	take()
	m.add(lower.TablePhyToLog, prioChassisMAC)
}

// Packets with the address of another chassis, from a localnet port of a switch with
// routers, are a conjunctive match: addresses and ports are flows each, not the
// pairs of them. No other flow of its table is one.
const (
	chassisMACConj = 1
	prioChassisMAC = 180 // above those who take the same packets as they are
)

// ChassisMAC is the Ethernet address under which another chassis sends what its routers
// route to a physical network.
func ChassisMAC(cookie uint64, mac [6]byte) []ofctrl.Flow {
	m := maker{cookie: cookie}
	m.match.Set(ofp.EthSrc, ethernet(mac))
	m.act.Conjunction(chassisMACConj, 0, 2)
	m.add(lower.TablePhyToLog, prioChassisMAC)
	return m.flows
}

// Beyond takes packets for a port on another chassis to the localnet port of its
// switch: the network behind that knows where the port is.
func Beyond(p RemotePort, localnet uint16) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.to(p.Datapath, uint32(p.Key))
	m.set(regOutport, uint32(localnet))
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TableLocalOutput, prioPort)
	return m.flows
}

// Bridged takes packets for a gateway port on another chassis to the localnet port of
// the switch that it is connected to: they have been routed, and leave as from the
// gateway port, whose Ethernet address mac is.
func Bridged(p RemotePort, mac [6]byte, localnet Port) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.to(p.Datapath, uint32(p.Key))
	m.act.SetField(ofp.EthSrc, ofp.U64(ethernet(mac)))
	m.enter(localnet.Datapath, localnet.Bits)
	m.set(regOutport, uint32(localnet.Key))
	m.act.Resubmit(lower.TableLogToPhy)
	m.add(lower.TableLocalOutput, prioPort)
	return m.flows
}
