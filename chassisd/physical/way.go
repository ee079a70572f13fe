package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Whether another chassis knows the way to a port of this one is found out by a
// packet that takes it: sent through the tunnel to there, for the port, it goes
// back as one from there would. No packet of a VM is like it: its ingress port is
// none.
const (
	wayEtherType = 0x88b5         // IEEE 802, local experimental EtherType 1
	wayThere     = 0x020000000001 // eth_dst on the way to the other chassis
	wayBack      = 0x020000000002 // and back
)

// wayFlows turn those of other chassis round, and take in our own. Where no flow
// leads to the port they end here; reg0 says that one was turned round.
func (m *maker) wayFlows() {
	on := func(dst uint64) {
		m.match.Set(regInport, 0)
		m.match.Set(ofp.EthType, wayEtherType)
		if dst != 0 {
			m.match.Set(ofp.Reg0, 0)
			m.match.Set(ofp.EthDst, dst)
		}
	}
	on(wayThere)
	m.set(ofp.Reg0, 1)
	m.act.SetField(ofp.EthDst, ofp.U64(wayBack))
	m.act.SetField(ofp.InPort, ofp.U64(uint64(ofp.PortAny)))
	m.act.Resubmit(lower.TableRemoteOutput)
	m.add(lower.TableLocalOutput, prioRule+1)

	on(wayBack)
	m.act.Controller(ofp.Controller{Userdata: lower.Userdata{Op: lower.OpWay}.Encode()})
	m.add(lower.TableLocalOutput, prioRule+1)

	on(0)
	m.add(lower.TableLocalOutput, prioRule) // drop
}

// AskWay is the packet that comes back when the chassis at the other end of the
// tunnel knows the way to the port of this one.
func AskWay(p RemotePort) *ofp.PacketOut {
	var m maker
	m.match.Set(ofp.InPort, uint64(ofp.PortController))
	m.encap(p.Datapath, p.Key)
	m.act.Output(p.Tunnel)
	frame := make([]byte, 60)
	for i := range 6 {
		frame[i] = byte(uint64(wayThere) >> (40 - 8*i))
	}
	frame[12], frame[13] = wayEtherType>>8, wayEtherType&0xff
	return &ofp.PacketOut{Fields: m.match.Match(), Actions: m.act.Actions(), Packet: frame}
}

// WayTo tells of a packet that came back for which port, and through which
// tunnel.
func WayTo(field func(ofp.Field) uint64) RemotePort {
	return RemotePort{Datapath: lower.Key(field(ofp.Metadata)), Key: uint16(field(regOutport)), Tunnel: uint32(field(ofp.InPort))}
}
