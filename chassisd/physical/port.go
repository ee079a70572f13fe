package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Port is a logical port by which packets enter and leave on this machine: an
// interface, or a patch port.
type Port struct {
	Cookie   uint64
	Datapath uint32 // tunnel key
	Bits     uint64 // of the datapath's groups in metadata, above the tunnel key
	Key      uint16 // tunnel key
	Ofport   uint32 // of the interface; of a patch port not looked at
	Zones    Zones
	Groups   uint32 // bits of the port groups that the port is in: lower.PortGroupHalves
	Router   bool   // of a router: see Router
}

// Local is what makes a local port work: packets from it enter the pipeline,
// packets to it come out.
func Local(p Port) []ofctrl.Flow { return local(p, 0) }

// Localport is Local for a port that is on every chassis: what comes from it stays
// on this one.
func Localport(p Port) []ofctrl.Flow { return local(p, flagLocalport) }

func local(p Port, flags uint32) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}

	m.match.Set(ofp.InPort, uint64(p.Ofport))
	m.take(p, flags)
	m.add(lower.TablePhyToLog, prioPort)

	m.leave(p)
	m.to(p.Datapath, uint32(p.Key))
	m.act.Output(p.Ofport)
	m.add(lower.TableLogToPhy, prioPort)
	return m.flows
}

// take has a packet that came in by the port enter the ingress pipeline.
func (m *maker) take(p Port, flags uint32) {
	m.mark(p.Zones.marks(p.Groups))
	m.enter(p.Datapath, p.Bits)
	m.set(regInport, uint32(p.Key))
	if flags != 0 {
		m.set(regFlags, flags)
	}
	m.act.Resubmit(lower.TableLogIngress)
}

// leave takes packets for a port that packets leave by here to the egress
// pipeline, unless they came in by it.
func (m *maker) leave(p Port) {
	m.to(p.Datapath, uint32(p.Key))
	m.mark(p.Zones.marks(p.Groups))
	m.enter(p.Datapath, p.Bits)
	m.act.Resubmit(lower.TableCheckLoopback)
	m.add(lower.TableLocalOutput, prioPort)

	m.match.SetMasked(regFlags, 0, FlagAllowLoopback)
	m.match.Set(regInport, uint64(p.Key))
	m.to(p.Datapath, uint32(p.Key))
	m.add(lower.TableCheckLoopback, prioPort) // back where it came from: drop
}

// Mend gives packets of the port, the egress port or the ingress port, the bit of
// a port group in one stage of a pipeline, if they have not got it.
func Mend(p Port, egress bool, stage, bit uint8) ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	table, port := lower.TableLogIngress+stage, regInport
	if egress {
		table, port = lower.TableLogEgress+stage, regOutport
	}
	field, mask := regDNATZone, uint32(0)
	dnat, snat := lower.PortGroupHalves(1 << bit)
	if mask = dnat; dnat == 0 {
		field, mask = regSNATZone, snat
	}
	m.on(p.Datapath)
	m.match.Set(port, uint64(p.Key))
	m.match.SetMasked(field, 0, uint64(mask))
	m.act.SetFieldMasked(field, ofp.U64(uint64(mask)), ofp.U64(uint64(mask)))
	m.act.Resubmit(table)
	m.add(table, prioMend)
	return m.flows[0]
}

// RemotePort is a logical port on another chassis.
type RemotePort struct {
	Cookie   uint64
	Datapath uint32
	Key      uint16
	Tunnel   uint32 // ofport of the tunnel to that chassis
}

// Remote sends packets for the port through the tunnel.
func Remote(p RemotePort) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.to(p.Datapath, uint32(p.Key))
	m.encap(p.Datapath, p.Key)
	m.act.Output(p.Tunnel)
	m.add(lower.TableRemoteOutput, prioPort)
	return m.flows
}

// RemoteOnFirst is Remote for a port that is on one of several chassis: packets go
// through the first of the tunnels to these of which the switch, when they come,
// knows that it is up.
func RemoteOnFirst(p RemotePort, tunnels []uint32) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.to(p.Datapath, uint32(p.Key))
	m.encap(p.Datapath, p.Key)
	m.act.Bundle(tunnels)
	m.add(lower.TableRemoteOutput, prioPort)
	return m.flows
}

// encap writes what the Geneve header will hold.
func (m *maker) encap(datapath uint32, outport uint16) {
	m.act.SetField(ofp.TunID, ofp.U64(uint64(datapath)))
	m.act.SetField(ofp.TunMetadata0, ofp.U64(uint64(outport)))
	m.act.CopyField(ofp.Sub(regInport, 0, inportBits), ofp.Sub(ofp.TunMetadata0, outportBits, inportBits))
}

// Tunnel takes in what other chassis send: the egress port is chosen already,
// so the packet goes on at local output, which adds the bits of the datapath's
// groups.
func Tunnel(ofport uint32) []ofctrl.Flow {
	var m maker
	m.match.Set(ofp.InPort, uint64(ofport))
	m.act.CopyField(ofp.Sub(ofp.TunID, 0, lower.DatapathBits), ofp.Sub(ofp.Metadata, 0, lower.DatapathBits))
	m.act.CopyField(ofp.Sub(ofp.TunMetadata0, outportBits, inportBits), ofp.Sub(regInport, 0, inportBits))
	m.act.CopyField(ofp.Sub(ofp.TunMetadata0, 0, outportBits), ofp.Sub(regOutport, 0, outportBits))
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TablePhyToLog, prioPort)
	return m.flows
}
