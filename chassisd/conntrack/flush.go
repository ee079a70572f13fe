package conntrack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Flush is which connections end.
type Flush struct {
	RunDir   string // of ovs-vswitchd
	Target   string // of the bridge: "unix:PATH"
	Datapath string // the bridge's datapath_type; "": the kernel's
	Of       map[End]bool
	Zones    map[uint16]bool // of this chassis

	inside map[outside][]netip.Prefix // of the translations in Of
	sctp   map[between]bool           // of the backends in Of
}

// between is an address and the one that stands for it.
type between struct{ vip, backend netip.Addr }

// outside is what a translation is found by.
type outside struct {
	zone   uint16
	source bool
	ip     netip.Addr
}

// End is what connections end with: an ACL with option persist-established, that let
// them in, in all zones of this chassis; or, in one zone, the Ethernet address of a
// next hop that they came from, or a translation of their addresses; or, in all zones, a
// backend that they were given.
type End struct {
	ACL      uint16 // ct_label.acl_id
	Zone     uint16
	MAC      [6]byte // ct_label.ecmp_reply_eth
	NAT      NAT
	Balanced Balanced
}

// Balanced is a backend that a load balancer has given connections to a virtual address,
// in all zones of this chassis.
type Balanced struct {
	Proto        uint8          // IANA's number; 0 is all
	VIP, Backend netip.AddrPort // ports are 0 where Proto is
}

// NAT is a translation of destinations, from Outside to one Inside, or of sources, from
// those Inside to Outside.
type NAT struct {
	Source  bool
	Outside netip.Addr
	Inside  netip.Prefix
}

// byAddress tells whether the connections are found by their addresses, and not by what
// they are labelled with.
func (e End) byAddress() bool { return e.NAT.Outside.IsValid() || e.Balanced.VIP.IsValid() }

// match is the end in the words of dpctl/flush-conntrack.
func (e End) match() []string {
	if e.ACL != 0 {
		return []string{fmt.Sprintf("mark=%#x/%#x", allowEstablished, allowEstablished), fmt.Sprintf("labels=0x%04x%020x/0xffff%020x", e.ACL, 0, 0)}
	}
	return []string{fmt.Sprintf("zone=%d", e.Zone), fmt.Sprintf("labels=0x%x%08x/0xffffffffffff%08x", e.MAC, 0, 0)}
}

// ends tells whether a connection is one that ends.
func (f *Flush) ends(e entry) bool {
	if e.mark&allowEstablished != 0 && e.label.acl() != 0 && f.Of[End{ACL: e.label.acl()}] && f.Zones[e.zone] {
		return true
	}
	if f.Of[End{Zone: e.zone, MAC: e.label.replyEth()}] {
		return true
	}
	if e.mark&natted != 0 && f.Zones[e.zone] && f.isBalanced(e) {
		return true
	}
	return f.translates(outside{e.zone, true, e.reply.Dst}, e.orig.Src) || f.translates(outside{e.zone, false, e.orig.Dst}, e.reply.Src)
}

// isBalanced tells whether a connection was given one of the backends.
func (f *Flush) isBalanced(e entry) bool {
	b := Balanced{VIP: netip.AddrPortFrom(e.orig.Dst, 0), Backend: netip.AddrPortFrom(e.reply.Src, 0)}
	if f.Of[End{Balanced: b}] || e.proto == sctp && e.orig.DstPort == 0 && f.sctp[between{e.orig.Dst, e.reply.Src}] {
		return true
	}
	b = Balanced{Proto: e.proto, VIP: netip.AddrPortFrom(e.orig.Dst, e.orig.DstPort), Backend: netip.AddrPortFrom(e.reply.Src, e.reply.SrcPort)}
	return f.Of[End{Balanced: b}]
}

// translates tells whether one of the translations is between the two.
func (f *Flush) translates(o outside, inside netip.Addr) bool {
	return slices.ContainsFunc(f.inside[o], func(p netip.Prefix) bool { return p.Contains(inside) })
}

// sctp is SCTP. Open vSwitch before 3.2 keeps no ports of its connections: there all between
// a VIP and a backend are one.
const sctp = 132

// index finds translations by the address outside: there may be as many as a router
// has, and many connections.
func (f *Flush) index() {
	f.inside, f.sctp = map[outside][]netip.Prefix{}, map[between]bool{}
	for end := range f.Of {
		if b := end.Balanced; b.Proto == sctp {
			f.sctp[between{b.VIP.Addr(), b.Backend.Addr()}] = true
		}
		if end.NAT.Outside.IsValid() {
			o := outside{end.Zone, end.NAT.Source, end.NAT.Outside}
			f.inside[o] = append(f.inside[o], end.NAT.Inside)
		}
	}
}

// batch is the largest number of connections that are looked for at once.
const batch = 1 << 14

// Do ends the connections. A switch that finds them by label itself (Open vSwitch
// of 2024 and later) is told the labels. Others are asked for all connections: that is
// a walk through all that there are, in a thread of ovs-vswitchd that serves
// others too, so it is done once for any number of ends. It returns how many
// connections were found so.
func (f *Flush) Do(ctx context.Context) (n int, err error) {
	control, err := socket(f.RunDir)
	if err != nil {
		return 0, fmt.Errorf("conntrack: %w", err)
	}
	rest := *f
	no := refused("")
	switch err := f.byLabel(ctx, control); {
	case err == nil:
		rest.Of = maps.Clone(f.Of)
		maps.DeleteFunc(rest.Of, func(e End, _ bool) bool { return !e.byAddress() })
	case !errors.As(err, &no):
		return 0, err
	}
	rest.index()
	for _, where := range rest.places() {
		found, err := rest.flush(ctx, control, where)
		if n += found; err != nil {
			return n, err
		}
	}
	return n, nil
}

// places are where to look for the connections: "zone=N" for some zones, "" for all.
func (f *Flush) places() []string {
	zones := map[uint16]bool{}
	for end := range f.Of {
		if zones[end.Zone] = true; end.Zone == 0 {
			return []string{""}
		}
	}
	var all []string
	for _, z := range slices.Sorted(maps.Keys(zones)) {
		all = append(all, fmt.Sprintf("zone=%d", z))
	}
	return all
}

// flush ends the connections in a place.
func (f *Flush) flush(ctx context.Context, control, where string) (n int, err error) {
	for {
		found, err := f.find(ctx, control, where)
		if err != nil {
			return n, err
		}
		if len(found) > 0 {
			if err := ofctrl.FlushConnections(ctx, f.Target, found); err != nil {
				return n, err
			}
		}
		if n += len(found); len(found) < batch {
			return n, nil
		}
	}
}

// byLabel has the switch find the connections. Asked in words it refuses what it
// does not know. In NXT_CT_FLUSH older switches overlook a label, and would forget
// every connection that there is.
func (f *Flush) byLabel(ctx context.Context, control string) error {
	for end := range f.Of {
		if end.byAddress() {
			continue
		}
		if err := call(ctx, control, "dpctl/flush-conntrack", end.match(), func(string) {}); err != nil {
			return err
		}
	}
	return nil
}

// icmp6 is ICMPv6, of which the kernel alone ends single connections: Open vSwitch's own
// datapath (3.1) cannot. There they end when nothing was heard of them for half a minute.
const icmp6 = 58

// find returns up to batch of the connections.
func (f *Flush) find(ctx context.Context, control, where string) ([]ofp.CTFlush, error) {
	kind := f.Datapath
	if kind == "" {
		kind = "system"
	}
	args := []string{kind + "@ovs-" + kind}
	if where != "" {
		args = append(args, where)
	}
	var found []ofp.CTFlush
	err := call(ctx, control, "dpctl/dump-conntrack", args, func(line string) {
		if len(found) == batch {
			return
		}
		if e, ok := parseEntry(line); ok && f.ends(e) && (kind == "system" || e.proto != icmp6) {
			found = append(found, ofp.CTFlush{Zone: e.zone, Proto: e.proto, Orig: e.orig})
		}
	})
	return found, err
}
