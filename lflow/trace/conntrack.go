package trace

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/lflow"
)

// Conntrack is the connection tracking of a chassis. Its zero value has no
// connections. Traces that are given the same one behave as packet after packet
// in a switch does; nothing in it grows old.
//
// Zones are named as the agent names them: a port's is the name of the port, a
// router's are the UUID of the datapath with _dnat or _snat behind it. Ports
// that lead to other datapaths have no zone of their own: what reaches conntrack
// there goes to the zone "", which is number 0.
type Conntrack struct {
	zones map[string]map[tuple]*conn // by the tuples of both directions
	count int
}

// maxConnections is how many connections there can be; the switch has such a
// limit too, and refuses to commit more.
const maxConnections = 1 << 16

// conn is a connection.
type conn struct {
	zone        string
	orig, reply tuple // of the two directions, as packets arrive
	mark, label lflow.Value
	snat, dnat  bool
	committed   bool
	replied     bool    // there was a packet in the other direction
	syn         bool    // TCP: it began with SYN
	reset       bool    // TCP: there was an RST
	fin         [2]bool // TCP: there was a FIN of orig, of reply
}

// Connection is what there is to see of a connection.
type Connection struct {
	Zone           string
	Protocol       uint8
	Original       string // tuple, in the notation of dpctl/dump-conntrack
	Reply          string
	Mark           uint32
	Label          lflow.Value
	SNAT, DNAT     bool
	Replied        bool
	OriginalSource netip.Addr
	OriginalDest   netip.AddrPort // port 0 where the protocol has none
}

// Connections returns all connections, in order of their zones and addresses.
func (c *Conntrack) Connections() []Connection {
	var all []Connection
	for _, zone := range c.zones {
		for t, k := range zone {
			if t == k.orig {
				all = append(all, k.export())
			}
		}
	}
	slices.SortFunc(all, func(a, b Connection) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Original, b.Original))
	})
	return all
}

func (k *conn) export() Connection {
	e := Connection{Zone: k.zone, Protocol: k.orig.proto, Original: k.orig.String(), Reply: k.reply.String(),
		Mark: uint32(k.mark.Lo), Label: k.label, SNAT: k.snat, DNAT: k.dnat, Replied: k.replied, OriginalSource: k.orig.src}
	port := uint16(0)
	if _, _, ok := ports(k.orig.proto); ok {
		port = k.orig.dport
	}
	e.OriginalDest = netip.AddrPortFrom(k.orig.dst, port)
	return e
}

// String is a line as dpctl/dump-conntrack prints it, but for the zone's name.
func (c Connection) String() string {
	s := fmt.Sprintf("%s,orig=(%s),reply=(%s)", protocolName(c.Protocol), c.Original, c.Reply)
	if c.Zone != "" {
		s += ",zone=" + c.Zone
	}
	if c.Mark != 0 {
		s += fmt.Sprintf(",mark=%d", c.Mark)
	}
	if !c.Label.IsZero() {
		s += ",labels=" + hex(c.Label)
	}
	return s
}

func protocolName(proto uint8) string {
	if name := map[uint8]string{protoICMP: "icmp", protoTCP: "tcp", protoUDP: "udp", protoICMP6: "icmpv6", protoSCTP: "sctp"}[proto]; name != "" {
		return name
	}
	return fmt.Sprint(proto)
}

// Flush removes the connections of which gone is true.
func (c *Conntrack) Flush(gone func(Connection) bool) {
	for _, zone := range c.zones {
		for t, k := range zone {
			if t == k.orig && gone(k.export()) {
				c.remove(k)
			}
		}
	}
}

// FlushZone removes the connections of a zone.
func (c *Conntrack) FlushZone(zone string) {
	c.Flush(func(k Connection) bool { return k.Zone == zone })
}

func (c *Conntrack) remove(k *conn) {
	delete(c.zones[k.zone], k.orig)
	delete(c.zones[k.zone], k.reply)
	k.committed = false
	c.count--
}

// commit makes a new connection one that later packets find; false where there
// is no room, or another one is in its way.
func (c *Conntrack) commit(k *conn) bool {
	if c.count >= maxConnections {
		return false
	}
	if c.zones == nil {
		c.zones = map[string]map[tuple]*conn{}
	}
	zone := c.zones[k.zone]
	if zone == nil {
		zone = map[tuple]*conn{}
		c.zones[k.zone] = zone
	}
	if zone[k.orig] != nil || zone[k.reply] != nil {
		return false
	}
	zone[k.orig], zone[k.reply] = k, k
	k.committed = true
	c.count++
	return true
}

// nat is a translation that a connection is to be committed with.
type nat struct {
	src              bool // of the source, else of the destination
	to               netip.Addr
	portMin, portMax uint16 // portMin 0: the port stays if it can
}

// translate has packets of a new connection go to, or come from, another
// address. Where the replies would be taken for another connection's, the
// source gets another port: first come, first served, from the lowest.
func (c *Conntrack) translate(k *conn, n nat) bool {
	there := k.orig
	port := &there.dport
	if n.src {
		port = &there.sport
		there.src = n.to
	} else {
		there.dst = n.to
	}
	lo, hi := n.portMin, max(n.portMax, n.portMin)
	if lo == 0 {
		lo, hi = 1024, 65535 // tried where the packet's own is taken
	}
	_, _, ported := ports(there.proto)
	if ported && n.portMin != 0 && (*port < lo || *port > hi) {
		*port = lo
	}
	free := func() bool {
		k.reply, _ = there.reversed()
		return c.zones[k.zone][k.reply] == nil
	}
	ok := free()
	for p := uint32(lo); ported && !ok && p <= uint32(hi); p++ {
		*port = uint16(p)
		ok = free()
	}
	k.snat, k.dnat = k.snat || n.src, k.dnat || !n.src
	return ok
}
