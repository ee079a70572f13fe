package tables

import (
	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Patch is an interface of the integration bridge behind which there is the bridge
// of a physical network. Ofport is above 0.
type Patch struct {
	Port   string // name of the localnet port that it is for
	Ofport uint32
}

// Plug is a port of a local datapath by which packets enter and leave here, that
// nobody claims, and that has a conntrack zone: a localnet port whose network this
// chassis is connected to, a localport with an interface, or a tracked patch port.
type Plug struct {
	Name     string
	Datapath schema.UUID
	Localnet bool
	Ofport   uint32 // 0 for patch ports
}

// Localnet is a localnet port of a local datapath.
type Localnet struct {
	Name, Network string
	Datapath      schema.UUID
	// Hosts says that the switch has ports that are bound here, and is not only
	// reached from others.
	Hosts bool
}

// plug declares the ports that are plugged in here, and which localnet ports might
// be. What is bound here must be declared before.
func (t *Tables) plug() {
	byDatapath := incr.NewIndex(t.Ports, "plugs", func(_ schema.UUID, p Port) []schema.UUID {
		if p.Type != localnet && p.Type != localport && !p.Tracked {
			return nil
		}
		return one(p.Datapath)
	})
	patches := incr.NewIndex(t.Patches, "localnet port", func(_ string, p Patch) []string { return one(p.Port) })
	local := incr.Under(byDatapath, incr.Keys(t.Local))
	t.Plugged = incr.NewTable(t.Engine, "plugged", incr.Eq[Plug], local, func(r *incr.Reader, id schema.UUID) (Plug, bool) {
		row, ok := incr.Get(r, t.Ports, id)
		p := Plug{Name: row.Name, Datapath: row.Datapath, Localnet: row.Type == localnet}
		switch {
		case row.Tracked:
			return p, ok
		case p.Localnet:
			_, patch, there := incr.One(r, patches, row.Name)
			p.Ofport = patch.Ofport
			return p, ok && there
		}
		iface, there := t.ifaceOf(r, row)
		p.Ofport = uint32(max(iface.Ofport, 0))
		return p, ok && there && p.Ofport > 0
	}).Feed()
	t.outlets = incr.NewIndex(t.Plugged, "outlets", func(_ schema.UUID, p Plug) []schema.UUID {
		if !p.Localnet {
			return nil
		}
		return one(p.Datapath)
	})
	bound := incr.NewIndex(t.Bound, "datapath of hosts", func(_ schema.UUID, b Bound) []schema.UUID { return one(b.Datapath) })
	t.Localnets = incr.NewTable(t.Engine, "localnet ports", incr.Eq[Localnet], local, func(r *incr.Reader, id schema.UUID) (Localnet, bool) {
		row, ok := incr.Get(r, t.Ports, id)
		return Localnet{row.Name, row.Network, row.Datapath, incr.Count(r, bound, row.Datapath) > 0}, ok && row.Type == localnet
	}).Feed()
}

// ifaceOf is the interface of a port.
func (t *Tables) ifaceOf(r *incr.Reader, row Port) (binding.Interface, bool) {
	var ifaces []binding.Interface
	for _, i := range incr.Each(r, t.ifacesByID, row.Name) {
		ifaces = append(ifaces, i)
	}
	i, _, ok := binding.Pick(row.Version, ifaces)
	return i, ok
}

// outlet is the localnet port by which packets leave a switch here.
func (t *Tables) outlet(r *incr.Reader, datapath schema.UUID) (port schema.UUID, ok bool) {
	if ports := incr.Lookup(r, t.outlets, datapath); len(ports) > 0 {
		return ports[0], true
	}
	return port, false
}
