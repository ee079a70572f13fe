package tables

import (
	"net/netip"
	"strings"
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/schema"
)

// BFDSession is a session of a router's port that is on this chassis.
type BFDSession struct {
	Port         PortAt
	MAC          packet.MAC
	Local, Peer  netip.Addr
	SrcPort      uint16
	Disc         uint32
	MinTX, MinRX time.Duration
	Mult         uint8
	Rests        bool // nobody uses it: it is admin_down
}

// PortAt is a logical port as packets name it that enter a pipeline by it.
type PortAt struct {
	Metadata uint64 // key of the datapath and bits of its groups
	Key      uint32
}

// joinBFD declares the sessions of ports on this chassis, and what this chassis has
// said of sessions that are not.
func (t *Tables) joinBFD() {
	t.BFDSessions = incr.NewTable(t.Engine, "BFD sessions", incr.Eq[BFDSession], incr.Keys(t.BFD), t.bfdSession).Feed()
	t.BFDOrphans = orphans(t, "BFD orphans", t.BFDStatus, t.BFDSessions)
}

// orphans declares what this chassis has said of rows that are none of its own.
func orphans[V any](t *Tables, name string, said *incr.Input[RecordOf, struct{}], own *incr.Table[schema.UUID, V]) *incr.Table[RecordOf, struct{}] {
	byChassis := incr.NewIndex(said, "chassis", func(k RecordOf, _ struct{}) []string { return one(k.Chassis) })
	return incr.NewTable(t.Engine, name, incr.Eq[struct{}], incr.Under(byChassis, incr.Values(t.selfByName)),
		func(r *incr.Reader, k RecordOf) (struct{}, bool) { return struct{}{}, !incr.Has(r, own, k.Row) }).Feed()
}

func (t *Tables) bfdSession(r *incr.Reader, id schema.UUID) (s BFDSession, ok bool) {
	row, _ := incr.Get(r, t.BFD, id)
	_, of, ok := incr.One(r, t.portsByName, row.LogicalPort)
	if !ok || !t.isResident(r, of) {
		return s, false
	}
	at, ok := t.portAt(r, of)
	if !ok {
		return s, false
	}
	s = BFDSession{
		Port: at, SrcPort: uint16(row.SrcPort), Disc: uint32(row.Disc), Mult: uint8(min(row.DetectMult, 255)),
		MinTX: milliseconds(row.MinTX), MinRX: milliseconds(row.MinRX), Rests: row.Options["admin_down"] == "true",
	}
	if s.Peer, ok = parseAddr(row.DstIP); !ok {
		return s, false
	}
	s.MAC, s.Local, ok = of.Addresses.Towards(s.Peer)
	return s, ok
}

func parseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// milliseconds is an interval that fits into a control packet.
func milliseconds(ms int64) time.Duration {
	return time.Duration(max(0, min(ms, (1<<32-1)/1000))) * time.Millisecond
}

// isResident tells whether this chassis alone speaks for a router's port: it has the
// gateway router, or the gateway port's redirection. A port that is on every chassis
// has nobody to speak for it.
func (t *Tables) isResident(r *incr.Reader, row Port) bool {
	if row.Type == l3gateway {
		return t.opens(r, row)
	}
	port, ok := t.standIn(r, row)
	return ok && row.Type == patch && incr.Has(r, t.Hosted, port)
}

// standIn is the port that stands for another one: chassisredirect ports are found by
// name, as by OVN's agent.
func (t *Tables) standIn(r *incr.Reader, of Port) (port schema.UUID, ok bool) {
	port, row, ok := incr.One(r, t.portsByName, "cr-"+of.Name)
	return port, ok && row.Type == standInType
}

// isRedirected tells whether packets for a port of a distributed router go to the
// chassis that has the port's redirection.
func (t *Tables) isRedirected(r *incr.Reader, row Port) bool {
	_, ok := t.standIn(r, row)
	return ok
}

// portAt is how packets name a port, once its datapath's flows are here.
func (t *Tables) portAt(r *incr.Reader, row Port) (PortAt, bool) {
	dp, ok := incr.Get(r, t.Local, row.Datapath)
	bits, _ := incr.Get(r, t.scopes.bits, row.Datapath)
	return PortAt{uint64(dp.Key) | bits, row.Key}, ok
}

// HostAddresses is the first element of column mac: an Ethernet address, and networks.
type HostAddresses string

// MAC is the Ethernet address.
func (a HostAddresses) MAC() (mac packet.MAC, ok bool) {
	first, _, _ := strings.Cut(string(a), " ")
	mac, err := packet.ParseMAC(first)
	return mac, err == nil
}

// Towards are the Ethernet address, and the IP address in the network of ip, else
// the first of its family. Each port has its link-local address behind the others.
func (a HostAddresses) Towards(ip netip.Addr) (mac packet.MAC, from netip.Addr, ok bool) {
	mac, ok = a.MAC()
	if !ok {
		return mac, from, false
	}
	_, rest, _ := strings.Cut(string(a), " ")
	networks := []netip.Prefix{}
	for _, text := range strings.Fields(rest) {
		if n, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, n)
		}
	}
	networks = append(networks, netip.PrefixFrom(address.LinkLocal(lflow.MAC(mac)), 64))
	for _, n := range networks {
		if n.Contains(ip) {
			return mac, n.Addr(), true
		}
		if !from.IsValid() && n.Addr().Is6() == ip.Is6() {
			from = n.Addr()
		}
	}
	return mac, from, from.IsValid()
}
