package packet

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"

	"github.com/gopacket/gopacket/layers"
)

// Options of router advertisements that gopacket does not name: RFC 4191, RFC 8106.
const raRoute, raRDNSS, raDNSSL = 24, 25, 31

// ra decodes a router advertisement (RFC 4861, section 4.2). Lifetimes are in
// seconds, the reachable time and the retransmission timer in milliseconds.
func (d *decoder) ra(l *layers.ICMPv6RouterAdvertisement) {
	d.num("ra.hop_limit", int(l.HopLimit))
	d.flag("ra.managed", l.Flags&0x80 != 0)
	d.flag("ra.other", l.Flags&0x40 != 0)
	d.add("ra.preference", preference(l.Flags))
	d.num("ra.lifetime", int(l.RouterLifetime))
	d.num("ra.reachable", int(l.ReachableTime))
	d.num("ra.retrans", int(l.RetransTimer))
	for _, o := range l.Options {
		d.raOption(uint8(o.Type), o.Data)
	}
	d.ndOptions(l.Options)
}

// raOption decodes the value of an option, behind its type and length.
func (d *decoder) raOption(kind uint8, b []byte) {
	seconds := func(at int) string { return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b[at:])), 10) }
	switch {
	case kind == uint8(layers.ICMPv6OptPrefixInfo) && len(b) == 30:
		d.add("ra.prefix", prefix6(b[14:], b[0]))
		d.flag("ra.on_link", b[1]&0x80 != 0)
		d.flag("ra.autonomous", b[1]&0x40 != 0)
		d.add("ra.valid", seconds(2))
		d.add("ra.preferred", seconds(6))
	case kind == uint8(layers.ICMPv6OptMTU) && len(b) == 6:
		d.add("ra.mtu", seconds(2))
	case kind == raRoute && len(b) >= 6:
		d.add("ra.route", prefix6(b[6:], b[0]))
		d.add("ra.route_preference", preference(b[1]))
		d.add("ra.route_lifetime", seconds(2))
	case kind == raRDNSS && len(b) >= 6:
		d.add("ra.rdnss_lifetime", seconds(2))
		d.list("ra.", "rdnss", raRDNSS, b[6:], addresses6)
	case kind == raDNSSL && len(b) >= 6:
		d.add("ra.dnssl_lifetime", seconds(2))
		d.list("ra.", "dnssl", raDNSSL, b[6:], searchList)
	}
}

// searchList are names that zeros follow, to a multiple of 8 bytes.
func searchList(b []byte) []string {
	var names []string
	for _, n := range domains(b) {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// preference is that of a router or a route (RFC 4191, section 2.1).
func preference(flags uint8) string {
	return [4]string{"medium", "high", "reserved", "low"}[flags>>3&3]
}

// prefix6 takes as many bytes of an address as are there.
func prefix6(b []byte, length uint8) string {
	var a [net.IPv6len]byte
	copy(a[:], b)
	p, err := netip.AddrFrom16(a).Prefix(int(length))
	if err != nil {
		return netip.AddrFrom16(a).String() + "/" + strconv.Itoa(int(length))
	}
	return p.String()
}
