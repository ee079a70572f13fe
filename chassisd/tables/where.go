package tables

import (
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
)

// place is how packets for a port of a local datapath get there.
type place uint8

const (
	nowhere    place = iota // nobody has the port
	anIface                 // it is bound to an interface here
	aLocalport              // it has an interface here, as it may have on any chassis
	aNetwork                // it leads to a physical network, which this chassis is connected to
	aPatch                  // it leads to its peer, on each chassis
	aGateway                // it leads to its peer, on this chassis alone
	aStandIn                // it stands for its peer, which is on the same datapath, on this chassis alone
	elsewhere               // another chassis has it
	beyond                  // so it is, and the physical network of its switch leads there
	bridged                 // so it is, and the physical network of its peer's switch leads there
)

// where is a place and the way there.
type where struct {
	place
	Peer   schema.UUID // of aPatch, aGateway and aStandIn; of beyond and bridged: the localnet port
	Tunnel uint32      // to elsewhere; above 0
}

// whereIs finds a port of a local datapath. All that depends on where a port is
// reads this table; but for those who only ask whether packets come and go by it
// here (isHere), who need not know of each move between other chassis.
func (t *Tables) whereIs(r *incr.Reader, port schema.UUID) (where, bool) {
	row, ok := incr.Get(r, t.Ports, port)
	if !ok || !incr.Has(r, t.Local, row.Datapath) {
		return where{}, false
	}
	self, _ := incr.Get(r, t.Self, struct{}{})
	has, _ := incr.Get(r, t.winner, port) // the chassis that has it
	switch row.Type {
	case localnet:
		return where{place: aNetwork}, incr.Has(r, t.Plugged, port)
	case localport:
		return where{place: aLocalport}, incr.Has(r, t.Plugged, port)
	case patch:
		return t.behind(r, row, aPatch)
	case l3gateway:
		if t.opens(r, row) {
			return t.behind(r, row, aGateway)
		}
		has = t.named(r, row.Gateway)
	case standInType:
		if incr.Has(r, t.Hosted, port) {
			peer, ok := t.standsFor(r, row)
			return where{place: aStandIn, Peer: peer}, ok
		}
		has, _ = incr.Get(r, t.hosts.of, port)
	}
	if incr.Has(r, t.Bound, port) {
		return where{place: anIface}, true
	}
	if has == "" || has == self.Name {
		return where{}, false
	}
	if row.Bridged {
		outlet, ok := t.gatewayNetwork(r, row)
		return where{place: bridged, Peer: outlet}, ok
	}
	if outlet, ok := t.outlet(r, row.Datapath); ok && row.Type != standInType {
		return where{place: beyond, Peer: outlet}, true
	}
	if row.Type == standInType {
		tunnel, _, ok := t.tunnelAlive(r, has)
		return where{place: elsewhere, Tunnel: tunnel}, ok
	}
	tunnel, ok := t.tunnelTo(r, ClaimKey{port, has})
	return where{place: elsewhere, Tunnel: tunnel}, ok
}

// behind is where a port leads to its peer, if that is on a local datapath too.
func (t *Tables) behind(r *incr.Reader, row Port, p place) (where, bool) {
	peer, of, ok := incr.One(r, t.portsByName, row.Peer)
	return where{place: p, Peer: peer}, ok && t.opens(r, of) && incr.Has(r, t.Local, of.Datapath)
}

// isHere tells whether packets may enter or leave by the port on this chassis: it
// is bound here, or is one that may be on any.
func (t *Tables) isHere(r *incr.Reader, id schema.UUID, row Port) bool {
	switch row.Type {
	case "":
		return incr.Has(r, t.Bound, id)
	case localnet, localport:
		return incr.Has(r, t.Plugged, id)
	case l3gateway:
		return t.opens(r, row)
	}
	return true
}

// portFlows are the flows that take packets to a port, and from it.
func (t *Tables) portFlows(r *incr.Reader, port schema.UUID) ([]ofctrl.Flow, bool) {
	at, _ := incr.Get(r, t.where, port)
	switch at.place {
	case elsewhere, beyond, bridged:
		return t.farFlows(r, port, at)
	}
	p, ok := t.onDatapath(r, port)
	if !ok {
		return nil, false
	}
	switch at.place {
	case anIface:
		b, _ := incr.Get(r, t.Bound, port)
		p.Ofport = uint32(b.Interface.Ofport)
		return physical.Local(p), true
	case aStandIn:
		peer, ok := incr.Get(r, t.Ports, at.Peer)
		return physical.StandIn(p, uint16(peer.Key)), ok
	case aLocalport, aNetwork:
		plug, _ := incr.Get(r, t.Plugged, port)
		if p.Ofport = plug.Ofport; at.place == aLocalport {
			return physical.Localport(p), true
		}
		row, _ := incr.Get(r, t.Ports, port)
		return physical.Localnet(p, row.VLAN, t.routerMACs(r, row)), true
	case aPatch, aGateway:
		peer, ok := t.onDatapath(r, at.Peer)
		return physical.Patch(p, peer), ok
	}
	return nil, false
}

// farFlows are those of a port that another chassis has.
func (t *Tables) farFlows(r *incr.Reader, port schema.UUID, at where) ([]ofctrl.Flow, bool) {
	row, _ := incr.Get(r, t.Ports, port)
	dp, ok := incr.Get(r, t.Local, row.Datapath)
	p := physical.RemotePort{Cookie: cookie(port), Datapath: dp.Key, Key: uint16(row.Key), Tunnel: at.Tunnel}
	switch at.place {
	case beyond:
		outlet, _ := incr.Get(r, t.Ports, at.Peer)
		return physical.Beyond(p, uint16(outlet.Key)), ok
	case bridged:
		mac, valid := row.Addresses.MAC()
		outlet, there := t.onDatapath(r, at.Peer)
		return physical.Bridged(p, mac, outlet), ok && valid && there
	}
	if row.Type == standInType {
		if tunnels := t.detours(r, row.Group, at.Tunnel); len(tunnels) > 1 {
			return physical.RemoteOnFirst(p, tunnels), ok
		}
	}
	return physical.Remote(p), ok
}
