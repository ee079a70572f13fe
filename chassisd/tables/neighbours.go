package tables

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"time"

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
	Port        schema.UUID   // the port itself, or the one that it stands for
	Aging       time.Duration // after which what is learned is forgotten; 0 is never
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
				Cookie: cookie(k.Port), Datapath: dp.Key, Port: row.Key, IP: k.IP, MAC: mac,
			}), ok && local
		})).Feed()
	t.RouterPorts = incr.NewTable(t.Engine, "router ports", incr.Eq[RouterPort], incr.Under(t.portsByDatapath, incr.Keys(t.Local)), t.routerPort).Feed()

	self := incr.NewIndex(t.Self, "name", func(_ struct{}, s Self) []string { return one(s.Name) })
	byChassis := incr.NewIndex(t.MACBindings, "chassis", func(k RecordOf, _ MACBinding) []string { return one(k.Chassis) })
	t.Orphans = incr.NewTable(t.Engine, "orphans", incr.Eq[struct{}], incr.Under(byChassis, incr.Values(self)),
		func(r *incr.Reader, k RecordOf) (struct{}, bool) {
			b, _ := incr.Get(r, t.MACBindings, k)
			_, row, ok := incr.One(r, t.portsByName, b.Port)
			return struct{}{}, !ok || row.Datapath != b.Datapath
		}).Feed()
}

// neighbour is the address that was learned last; of equal times, that of the
// chassis with the last name, so that all agents have the same.
func (t *Tables) neighbour(r *incr.Reader, k NeighbourKey) (mac packet.MAC, ok bool) {
	var newest found
	var by string
	for rec, f := range incr.Each(r, t.neighbours.byKey, k) {
		if !ok || f.Time > newest.Time || f.Time == newest.Time && rec.Chassis > by {
			newest, by, ok = f, rec.Chassis, true
		}
	}
	return newest.MAC, ok
}

func (t *Tables) routerPort(r *incr.Reader, port schema.UUID) (RouterPort, bool) {
	row, ok := incr.Get(r, t.Ports, port)
	dp, local := incr.Get(r, t.Local, row.Datapath)
	if !ok || !local || !dp.Router {
		return RouterPort{}, false
	}
	p := RouterPort{Name: row.Name, Datapath: row.Datapath, DatapathKey: dp.Key, Key: row.Key, Port: port}
	if row.Type == standInType {
		// Who asks elsewhere sends the question, and what waits for the answer, to
		// the gateway chassis: what is learned there is of the gateway port.
		p.Name = row.For
		if p.Port, ok = t.standsFor(r, row); !ok {
			return RouterPort{}, false
		}
	}
	if binding, ok := incr.Get(r, t.Datapaths, row.Datapath); ok {
		if s, err := strconv.ParseUint(binding.ExternalIDs["mac_binding_age_threshold"], 10, 31); err == nil {
			p.Aging = time.Duration(s) * time.Second
		}
	}
	return p, true
}
