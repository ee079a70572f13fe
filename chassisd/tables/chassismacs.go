package tables

import (
	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// What a distributed router sends to a physical network leaves under an address of
// the chassis that routed it, and gets the router's back where it comes in:
// Chassis.other_config:ovn-chassis-mac-mappings.

// joinChassisMACs declares the addresses of other chassis, with the flows that know
// what comes from there, and the ports by which switches reach distributed routers.
func (t *Tables) joinChassisMACs() {
	byMAC := incr.NewIndex(t.Chassis, "Ethernet address", func(_ schema.UUID, c *sb.Chassis) (all []packet.MAC) {
		for _, m := range chassisMACs(c) {
			all = append(all, m.MAC)
		}
		return all
	})
	t.ChassisMACFlows = incr.NewTable(t.Engine, "flows of chassis's addresses", incr.Eq[ofctrl.Flows], incr.Values(byMAC),
		packed(func(r *incr.Reader, mac packet.MAC) ([]ofctrl.Flow, bool) {
			self, _ := incr.Get(r, t.Self, struct{}{})
			for id, c := range incr.Each(r, byMAC, mac) {
				if c.Name != self.Name {
					return physical.ChassisMAC(cookie(id), mac), true
				}
			}
			return nil, false
		})).Feed()
	t.toDistributed = incr.NewIndex(t.Ports, "to distributed routers", func(_ schema.UUID, p Port) []schema.UUID {
		if p.Type != patch || p.Peer == "" {
			return nil
		}
		return one(p.Datapath)
	})
}

func chassisMACs(c *sb.Chassis) []config.ChassisMAC {
	macs, _ := config.ChassisMACs(c.OtherConfig[config.ChassisMACsKey]) // its own agent tells what is invalid
	return macs
}

// ownMAC is this chassis's address on a physical network.
func (t *Tables) ownMAC(r *incr.Reader, network string) (mac packet.MAC, ok bool) {
	self, _ := incr.Get(r, t.Self, struct{}{})
	_, c, there := incr.One(r, t.chassisByName, self.Name)
	if !there {
		return mac, false
	}
	for _, m := range chassisMACs(c) {
		if m.Network == network {
			return m.MAC, true
		}
	}
	return mac, false
}

// routerMACs are those of the routers of a localnet port's switch. Who has sent what
// comes from another chassis cannot be told from its address: where there are several
// routers it counts as one's. What a gateway port sends on its own chassis keeps its
// address: nobody else has that.
func (t *Tables) routerMACs(r *incr.Reader, localnet Port) (macs physical.RouterMACs) {
	own, has := t.ownMAC(r, localnet.Network)
	macs.Own = own
	for _, door := range incr.Each(r, t.toDistributed, localnet.Datapath) {
		_, peer, ok := incr.One(r, t.portsByName, door.Peer)
		mac, valid := peer.Addresses.MAC()
		if !ok || !valid || peer.Type != patch {
			continue
		}
		if macs.Restored == [6]byte{} {
			macs.Restored = mac
		}
		if has && !t.isResident(r, peer) {
			macs.Replaced = append(macs.Replaced, mac)
		}
	}
	return macs
}

// gatewayNetwork is the localnet port by which packets get to a gateway port of
// redirect type bridged.
func (t *Tables) gatewayNetwork(r *incr.Reader, standIn Port) (port schema.UUID, ok bool) {
	_, gateway, _ := incr.One(r, t.portsByName, standIn.For)
	_, door, ok := incr.One(r, t.portsByName, gateway.Peer)
	if !ok || gateway.Datapath != standIn.Datapath {
		return port, false
	}
	return t.outlet(r, door.Datapath)
}
