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

// Localnet is a port by which packets leave the switch for a physical network, on
// each chassis that is connected to it. What is for this chassis alone stays here,
// as do packets of a localport.
func Localnet(p Port, v VLAN) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.fromNetwork(p, v)
	m.leave(p)

	m.match.SetMasked(regFlags, FlagLocalOnly, FlagLocalOnly|flagOverride)
	m.to(p.Datapath, uint32(p.Key))
	m.add(lower.TableCheckLoopback, prioRule) // drop
	m.match.SetMasked(regFlags, flagLocalport, flagLocalport)
	m.to(p.Datapath, uint32(p.Key))
	m.add(lower.TableCheckLoopback, prioRule) // drop

	m.to(p.Datapath, uint32(p.Key))
	if v.Tag == 0 {
		m.act.Output(p.Ofport)
	} else { // a copy for the next port of a group has no tag
		m.act.PushVLAN(v.etherType())
		m.act.SetField(ofp.VLANVID, ofp.U64(vlanPresent|uint64(v.Tag)))
		m.act.Output(p.Ofport)
		m.act.PopVLAN()
	}
	m.add(lower.TableLogToPhy, prioPort)
	return m.flows
}

func (v VLAN) etherType() uint16 {
	if v.Service {
		return 0x88a8
	}
	return 0x8100
}

// fromNetwork takes in what is of the port's VLAN. A tag with number 0 is none, it
// says only how urgent the packet is: IEEE 802.1Q, section 6.9.
func (m *maker) fromNetwork(p Port, v VLAN) {
	from := func(vid, mask uint64) {
		m.match.Set(ofp.InPort, uint64(p.Ofport))
		m.match.SetMasked(ofp.VLANVID, vid, mask)
	}
	if v.Tag != 0 {
		from(vlanPresent|uint64(v.Tag), vlanMask)
		m.act.PopVLAN()
		m.take(p, 0)
		m.add(lower.TablePhyToLog, prioVLAN)
		return
	}
	from(0, vlanMask)
	m.take(p, 0)
	m.add(lower.TablePhyToLog, prioPort)
	from(vlanPresent, vlanMask)
	m.act.PopVLAN()
	m.take(p, 0)
	m.add(lower.TablePhyToLog, prioPort)
	if v.Pass {
		from(vlanPresent, vlanPresent)
		m.take(p, 0)
		m.add(lower.TablePhyToLog, prioPort-1)
	}
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
