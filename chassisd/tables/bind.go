package tables

import (
	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Datapath is a datapath whose flows are needed here.
type Datapath struct {
	Key    uint32
	Router bool
}

// bind declares who asks for ports, who has them, and which datapaths are
// therefore needed. What other chassis do on datapaths that are not is not
// looked at.
func (t *Tables) bind() {
	t.ask()
	t.joinCandidates()
	t.reach()
	t.winner = incr.NewTable(t.Engine, "peers' winner", incr.Eq[string], incr.Under(t.portsByDatapath, incr.Keys(t.Local)), t.wins)
	t.joinHosts()
	t.plug()
	t.nameZones()
	t.where = incr.NewTable(t.Engine, "where ports are", incr.Eq[where], incr.Under(t.portsByDatapath, incr.Keys(t.Local)), t.whereIs)
}

// ask declares the ports that this chassis asks for, and those that it has.
func (t *Tables) ask() {
	t.Asked = incr.NewTable(t.Engine, "asked", incr.Eq[Bound], incr.Under(t.portsByName, incr.Values(t.ifacesByID)), t.asked).Feed()
	winner := incr.NewTable(t.Engine, "winner", incr.Eq[string], incr.Keys(t.Asked), t.wins)
	t.Bound = incr.NewTable(t.Engine, "bound", incr.Eq[Bound], incr.Keys(t.Asked),
		func(r *incr.Reader, port schema.UUID) (Bound, bool) {
			b, _ := incr.Get(r, t.Asked, port)
			self, _ := incr.Get(r, t.Self, struct{}{})
			who, _ := incr.Get(r, winner, port)
			return b, who == self.Name
		}).Feed()
}

// asked tells whether this chassis asks for the port.
func (t *Tables) asked(r *incr.Reader, port schema.UUID) (Bound, bool) {
	row, ok := incr.Get(r, t.Ports, port)
	if !ok || row.Type != "" {
		return Bound{}, false
	}
	i, ok := t.ifaceOf(r, row)
	if !ok {
		return Bound{}, false
	}
	self, _ := incr.Get(r, t.Self, struct{}{})
	b := Bound{Name: row.Name, Datapath: row.Datapath, Interface: i, Encap: self.Encaps[i.EncapIP]}
	return b, binding.Asks(self.binding(), row.Type, row.Requested, i)
}

// wins names the chassis that has the port.
func (t *Tables) wins(r *incr.Reader, port schema.UUID) (string, bool) {
	row, ok := incr.Get(r, t.Ports, port)
	if !ok {
		return "", false
	}
	self, _ := incr.Get(r, t.Self, struct{}{})
	asks := incr.Has(r, t.Asked, port)
	var claims []sb.Claim
	for k, c := range incr.Each(r, t.claimsByPort, port) {
		if k.Chassis == self.Name {
			if !asks {
				continue // it is about to be taken back
			}
			asks = false // it is written already
		}
		claims = append(claims, sb.Claim{Chassis: k.Chassis, Revision: c.Rev})
	}
	if asks {
		claims = append(claims, sb.Claim{Chassis: self.Name, Revision: binding.Pending})
	}
	if len(claims) == 0 {
		at, _ := incr.Get(r, t.Given, port)
		chassis, ok := incr.Get(r, t.Chassis, at.Chassis)
		if !ok {
			return "", false
		}
		return chassis.Name, true
	}
	who := sb.Winner(t.named(r, row.Requested), claims)
	return who, who != ""
}

// named is the name of the chassis that an option means: by name, else by
// hostname.
func (t *Tables) named(r *incr.Reader, chassis string) string {
	if chassis == "" || len(incr.Lookup(r, t.chassisByName, chassis)) > 0 {
		return chassis
	}
	if _, c, ok := incr.One(r, t.chassisByHost, chassis); ok {
		return c.Name
	}
	return chassis
}

// joinPeers declares the ports of this chassis and of others with their flows.
func (t *Tables) joinPeers() {
	t.TunnelFlows = incr.NewTable(t.Engine, "tunnel flows", incr.Eq[ofctrl.Flows], incr.Keys(t.Tunnels),
		packed(func(r *incr.Reader, k string) ([]ofctrl.Flow, bool) {
			u, _ := incr.Get(r, t.Tunnels, k)
			return physical.Tunnel(u.Ofport), true
		})).Feed()
	t.RouterFlows = incr.NewTable(t.Engine, "router flows", incr.Eq[ofctrl.Flows], incr.Keys(t.Local), packed(t.routerFlows)).Feed()
	t.PortFlows = incr.NewTable(t.Engine, "port flows", incr.Eq[ofctrl.Flows], incr.Keys(t.where), packed(t.portFlows)).Feed()
}

// localPort is a port that is bound here.
func (t *Tables) localPort(r *incr.Reader, port schema.UUID) (physical.Port, bool) {
	b, ok := incr.Get(r, t.Bound, port)
	if !ok {
		return physical.Port{}, false
	}
	p, ok := t.onDatapath(r, port)
	p.Ofport = uint32(b.Interface.Ofport)
	return p, ok
}

// onDatapath is a port of a local datapath by which packets enter and leave
// here, but for the number of its interface.
func (t *Tables) onDatapath(r *incr.Reader, port schema.UUID) (physical.Port, bool) {
	row, ok := incr.Get(r, t.Ports, port)
	dp, local := incr.Get(r, t.Local, row.Datapath)
	if !ok || !local {
		return physical.Port{}, false
	}
	bits, _ := incr.Get(r, t.scopes.bits, row.Datapath)
	groups, _ := incr.Get(r, t.marks.bits, port)
	return physical.Port{
		Cookie: cookie(port), Datapath: dp.Key, Bits: bits, Key: uint16(row.Key), Zones: t.zones(r, row), Groups: groups, Router: dp.Router,
	}, true
}

// zones are those of a port. A patch port has one of its own only if it is tracked.
func (t *Tables) zones(r *incr.Reader, row Port) physical.Zones {
	z := t.datapathZones(r, row.Datapath)
	z.Port, _ = incr.Get(r, t.Zones, row.Name)
	return z
}

func (t *Tables) datapathZones(r *incr.Reader, datapath schema.UUID) (z physical.Zones) {
	name, _ := incr.Get(r, t.ZoneNames, datapath)
	z.DNAT, _ = incr.Get(r, t.Zones, zone.DNAT(name))
	z.SNAT, _ = incr.Get(r, t.Zones, zone.SNAT(name))
	return z
}

// routerFlows are those that all ports of a local router share.
func (t *Tables) routerFlows(r *incr.Reader, datapath schema.UUID) ([]ofctrl.Flow, bool) {
	dp, ok := incr.Get(r, t.Local, datapath)
	if !ok || !dp.Router {
		return nil, false
	}
	bits, _ := incr.Get(r, t.scopes.bits, datapath)
	return physical.Router(physical.Port{Cookie: cookie(datapath), Datapath: dp.Key, Bits: bits, Zones: t.datapathZones(r, datapath)}), true
}

// encapOf is what the claim of a port names as its Encap, or the client that says
// where the port is; zero: nothing.
func (t *Tables) encapOf(r *incr.Reader, k ClaimKey) schema.UUID {
	if claim, ok := incr.Get(r, t.Claims, k); ok {
		return claim.Encap
	}
	at, _ := incr.Get(r, t.Given, k.Port)
	return at.Encap
}

// tunnelTo is the tunnel by which a claimed port is reached: to the address
// that the claim names, else to the chassis's first.
func (t *Tables) tunnelTo(r *incr.Reader, k ClaimKey) (ofport uint32, ok bool) {
	var ip string
	if encap := t.encapOf(r, k); !encap.IsZero() {
		if e, ok := incr.Get(r, t.Encaps, encap); ok {
			ip = e.IP
		}
	}
	var first Tunnel
	for _, u := range incr.Each(r, t.tunnelsByPeer, k.Chassis) {
		if u.IP == ip {
			return u.Ofport, true
		}
		if !ok || u.IP < first.IP {
			first, ok = u, true
		}
	}
	return first.Ofport, ok
}
