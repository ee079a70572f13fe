package model

import (
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// Family is what IPv4 and IPv6 call the same things.
type Family struct {
	V6            bool
	Is            lflow.Field // the predicate
	Src, Dst      lflow.Field
	ICMP          lflow.Field // the predicate
	Type, Code    lflow.Field // of ICMP
	Error         lflow.NestedKind
	ErrorProtocol string // of errors, in Copp.meters
	EchoRequest   int    // RFC 792; RFC 4443, section 4
	EchoReply     int
	Unreachable   int
	BadProtocol   int // codes of Unreachable; IPv6: address unreachable, as in OVN
	BadPort       int
	TimeExceeded  int
	Redirect      int
	// What senders of packets that are too large are told: RFC 1191; RFC 4443,
	// section 3.2.
	ErrorTooBig        lflow.NestedKind
	TooBig, TooBigCode int
	FragMTU            lflow.Field
}

var families = [...]Family{
	{Is: lflow.IP4, Src: lflow.IP4Src, Dst: lflow.IP4Dst, ICMP: lflow.ICMP4, Type: lflow.ICMP4Type, Code: lflow.ICMP4Code,
		Error: lflow.NestICMP4, ErrorProtocol: "icmp4-error", EchoRequest: 8, EchoReply: 0, Unreachable: 3, BadProtocol: 2, BadPort: 3, TimeExceeded: 11, Redirect: 5,
		ErrorTooBig: lflow.NestICMP4Error, TooBig: 3, TooBigCode: 4, FragMTU: lflow.F("icmp4.frag_mtu")},
	{V6: true, Is: lflow.IP6, Src: lflow.IP6Src, Dst: lflow.IP6Dst, ICMP: lflow.ICMP6, Type: lflow.ICMP6Type, Code: lflow.ICMP6Code,
		Error: lflow.NestICMP6, ErrorProtocol: "icmp6-error", EchoRequest: 128, EchoReply: 129, Unreachable: 1, BadProtocol: 3, BadPort: 4, TimeExceeded: 3, Redirect: 137,
		ErrorTooBig: lflow.NestICMP6Error, TooBig: 2, TooBigCode: 0, FragMTU: lflow.F("icmp6.frag_mtu")},
}

// Errors matches ICMP messages that quote the packet of which they tell: RFC 792; RFC
// 4443, section 3.
func (f *Family) Errors() *lflow.Expr {
	if f.V6 {
		return lflow.Eq(f.Type, 1, 2, 3, 4)
	}
	return lflow.Eq(f.Type, 3, 11, 12)
}

// Families returns IPv4 and IPv6.
func Families() []*Family { return []*Family{&families[0], &families[1]} }

// FamilyOf returns the family of an address.
func FamilyOf(a netip.Addr) *Family {
	if a.Is4() {
		return &families[0]
	}
	return &families[1]
}

// ByFamily are the IP addresses that an option names; the one with true is of IPv6. Bad tells what is not
// one.
func ByFamily(text string) (of map[bool]netip.Addr, bad string) {
	of = map[bool]netip.Addr{}
	for _, word := range strings.Fields(text) {
		a, err := netip.ParseAddr(word)
		if err != nil || a.Zone() != "" || a.Is4In6() || a.IsMulticast() || a.IsUnspecified() || of[a.Is6()].IsValid() {
			return of, word
		}
		of[a.Is6()] = a
	}
	return of, ""
}
