package tables

import (
	"cmp"
	"fmt"
	"net/netip"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// RecordOf names a row that a chassis writes.
type RecordOf struct {
	Chassis string
	Row     schema.UUID
}

// MACBinding is what a chassis has learned of a neighbour.
type MACBinding struct {
	Datapath schema.UUID
	Port     string // name of the router's port
	IP       netip.Addr
	MAC      packet.MAC
	Time     int64 // ms since 1970
}

// NeighbourKey is an address behind a router's port.
type NeighbourKey struct {
	Port schema.UUID
	IP   netip.Addr
}

func (k NeighbourKey) String() string { return k.Port.String() + "/" + k.IP.String() }

// Compare orders keys.
func (k NeighbourKey) Compare(o NeighbourKey) int {
	return cmp.Or(k.Port.Compare(o.Port), k.IP.Compare(o.IP))
}

// RouterPort is a port of a local router as those need it who learn there.
type RouterPort struct {
	Name        string
	Datapath    schema.UUID
	DatapathKey uint32
	Key         uint32
	Ages        string // of what is learned there: address.ParseAges
	Cookie      uint64 // of the flows of its neighbours
	Metadata    uint64 // with the bits of the datapath's groups
	Addresses   HostAddresses
	// Silent: packets for the port go to another chassis, which speaks for it.
	Silent bool
	Port   schema.UUID // the port itself, or the one that it stands for
}

// neighbourTables bring what agents have learned to the ports of local routers.
type neighbourTables struct {
	found *incr.Table[RecordOf, found]
	byKey *incr.Index[RecordOf, found, NeighbourKey]
}

// found is a MAC binding of a port that there is.
type found struct {
	Key  NeighbourKey
	MAC  packet.MAC
	Time int64
}

// macBinding reads a row.
func macBinding(row *sb.MACBinding, _ Event) (b MACBinding, err error) {
	b = MACBinding{Datapath: row.Datapath, Port: row.LogicalPort, Time: row.Timestamp}
	if b.IP, err = netip.ParseAddr(row.IP); err != nil {
		return b, fmt.Errorf("ip %q: %w", row.IP, err)
	}
	if b.MAC, err = packet.ParseMAC(row.MAC); err != nil {
		return b, fmt.Errorf("mac %q: %w", row.MAC, err)
	}
	return b, nil
}

// joinNeighbours declares the neighbours of local routers, whichever chassis has
// learned them, and their flows.
func (t *Tables) joinNeighbours() {
	n := &t.neighbours
	byDatapath := incr.NewIndex(t.MACBindings, "datapath", func(_ RecordOf, b MACBinding) []schema.UUID { return one(b.Datapath) })
	n.found = incr.NewTable(t.Engine, "MAC bindings of ports", incr.Eq[found], incr.Under(byDatapath, incr.Keys(t.Local)),
		func(r *incr.Reader, k RecordOf) (f found, ok bool) {
			b, _ := incr.Get(r, t.MACBindings, k)
			port, row, ok := incr.One(r, t.portsByName, b.Port)
			return found{NeighbourKey{port, b.IP}, b.MAC, b.Time}, ok && row.Datapath == b.Datapath
		})
	n.byKey = incr.NewIndex(n.found, "neighbour", func(_ RecordOf, f found) []NeighbourKey { return one(f.Key) })
	t.Neighbours = incr.NewTable(t.Engine, "neighbours", incr.Eq[packet.MAC], incr.Values(n.byKey), t.neighbour).Feed()
	t.NeighbourFlows = incr.NewTable(t.Engine, "neighbour flows", incr.Eq[ofctrl.Flows], incr.Keys(t.Neighbours),
		packed(func(r *incr.Reader, k NeighbourKey) ([]ofctrl.Flow, bool) {
			mac, _ := incr.Get(r, t.Neighbours, k)
			row, ok := incr.Get(r, t.Ports, k.Port)
			dp, local := incr.Get(r, t.Local, row.Datapath)
			return physical.Neighbour(physical.NeighbourOf{
				Cookie: cookie(k.Port), Datapath: dp.Key, Port: row.Key, IP: k.IP, MAC: mac, By: physical.Heard,
			}), ok && local
		})).Feed()
	t.RouterPorts = incr.NewTable(t.Engine, "router ports", incr.Eq[RouterPort], incr.Under(t.portsByDatapath, incr.Keys(t.Local)), t.routerPort).Feed()

	t.NeighbourSeen = incr.NewTable(t.Engine, "neighbours seen", incr.Eq[int64], incr.Values(n.byKey), t.seen).Feed()
	t.joinStatic()
	byChassis := incr.NewIndex(t.MACBindings, "chassis", func(k RecordOf, _ MACBinding) []string { return one(k.Chassis) })
	t.Orphans = incr.NewTable(t.Engine, "orphans", incr.Eq[struct{}], incr.Under(byChassis, incr.Values(t.selfByName)),
		func(r *incr.Reader, k RecordOf) (struct{}, bool) {
			b, _ := incr.Get(r, t.MACBindings, k)
			_, row, ok := incr.One(r, t.portsByName, b.Port)
			return struct{}{}, !ok || row.Datapath != b.Datapath
		}).Feed()
}

// joinStatic declares the flows of neighbours that somebody has written.
func (t *Tables) joinStatic() {
	byDatapath := incr.NewIndex(t.StaticMACs, "datapath", func(_ schema.UUID, row *sb.StaticMACBinding) []schema.UUID { return one(row.Datapath) })
	t.StaticNeighbourFlows = incr.NewTable(t.Engine, "static neighbour flows", incr.Eq[ofctrl.Flows], incr.Under(byDatapath, incr.Keys(t.Local)),
		packed(func(r *incr.Reader, id schema.UUID) ([]ofctrl.Flow, bool) {
			row, _ := incr.Get(r, t.StaticMACs, id)
			port, of, ok := incr.One(r, t.portsByName, row.LogicalPort)
			dp, local := incr.Get(r, t.Local, row.Datapath)
			ip, isIP := parseAddr(row.IP)
			mac, err := packet.ParseMAC(row.MAC)
			if !ok || !local || !isIP || err != nil || of.Datapath != row.Datapath {
				return nil, false
			}
			n := physical.NeighbourOf{Cookie: cookie(port), Datapath: dp.Key, Port: of.Key, IP: ip, MAC: mac, By: physical.Written}
			if row.OverrideDynamicMAC {
				n.By = physical.Overriding
			}
			return physical.Neighbour(n), true
		})).Feed()
}

// neighbour is the Ethernet address that was learned last.
func (t *Tables) neighbour(r *incr.Reader, k NeighbourKey) (mac packet.MAC, ok bool) {
	newest, ok := t.newest(r, k)
	return newest.MAC, ok
}

// newest is what was learned last; of equal times, that of the chassis with the
// last name, so that all agents have the same.
func (t *Tables) newest(r *incr.Reader, k NeighbourKey) (newest found, ok bool) {
	var by string
	for rec, f := range incr.Each(r, t.neighbours.byKey, k) {
		if !ok || f.Time > newest.Time || f.Time == newest.Time && rec.Chassis > by {
			newest, by, ok = f, rec.Chassis, true
		}
	}
	return newest, ok
}

// seen is when a neighbour that is forgotten some time was heard of last, ms since
// 1970. Of the others nobody asks.
func (t *Tables) seen(r *incr.Reader, k NeighbourKey) (int64, bool) {
	p, ok := incr.Get(r, t.RouterPorts, k.Port)
	if !ok || p.Ages == "" {
		return 0, false
	}
	newest, ok := t.newest(r, k)
	return newest.Time, ok
}

func (t *Tables) routerPort(r *incr.Reader, port schema.UUID) (RouterPort, bool) {
	row, ok := incr.Get(r, t.Ports, port)
	dp, local := incr.Get(r, t.Local, row.Datapath)
	if !ok || !local || !dp.Router {
		return RouterPort{}, false
	}
	bits, _ := incr.Get(r, t.scopes.bits, row.Datapath)
	p := RouterPort{
		Name: row.Name, Datapath: row.Datapath, DatapathKey: dp.Key, Key: row.Key, Cookie: cookie(port), Metadata: uint64(dp.Key) | bits, Addresses: row.Addresses,
		Port: port, Silent: t.isRedirected(r, row) && !t.isResident(r, row),
	}
	if row.Type == standInType {
		// Who asks elsewhere sends the question, and what waits for the answer, to
		// the gateway chassis: what is learned there is of the gateway port.
		p.Name = row.For
		if p.Port, ok = t.standsFor(r, row); !ok {
			return RouterPort{}, false
		}
	}
	if binding, ok := incr.Get(r, t.Datapaths, row.Datapath); ok {
		p.Ages = binding.ExternalIDs["mac_binding_age_threshold"]
	}
	return p, true
}
