package lflow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// PutNDRA answers a router solicitation: it makes the packet the router
// advertisement and stores 1 in Dst, or leaves the packet alone and stores 0.
type PutNDRA struct {
	Dst     Field
	Options []RAOption
}

// RAOption is one of addr_mode ("slaac", "dhcpv6_stateful" or
// "dhcpv6_stateless"), slla (the router's Ethernet address), mtu, prefix
// (once per prefix), router_preference ("HIGH", "MEDIUM" or "LOW"), rdnss
// (IPv6 addresses of DNS servers), dnssl (a string of domain names, comma
// separated) and route_info (a string of routes such as `HIGH-aef0::/48',
// comma separated).
type RAOption struct {
	Name   string
	Values []Constant
}

func (a PutNDRA) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = put_nd_ra_opts("...)
	for i, o := range a.Options {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendConstants(append(append(b, o.Name...), " = "...), o.Values)
	}
	return append(b, ");"...)
}

func (a PutNDRA) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq, Bool(IP6)) }

func parsePutNDRA(p *actionParser, dst operand) (Action, *Error) {
	a, start := PutNDRA{Dst: dst.Field}, p.tok.pos
	if err := p.inIngress(dst, "put_nd_ra_opts"); err != nil {
		return nil, err
	}
	if err := p.bitResult(dst, "put_nd_ra_opts"); err != nil {
		return nil, err
	}
	err := p.keywords(func(name token) *Error {
		pos := p.tok.pos
		vs, err := p.constantList()
		if err != nil {
			return err
		}
		o := RAOption{name.text, vs}
		if _, err := o.appendWire(nil, 0); err != nil {
			return errorf(pos, CodeType, "%s", err)
		}
		a.Options = append(a.Options, o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if _, err := a.Wire(); err != nil {
		return nil, errorf(start, CodeContext, "%s", err)
	}
	return a, nil
}

// RFC 4861, section 4.2: flags of a router advertisement.
const (
	raManaged = 0x80
	raOther   = 0x40
)

// Wire returns the ICMPv6 message, its checksum zero (RFC 4861, section 4.2).
// The current hop limit is 255, lifetimes are the longest.
func (a PutNDRA) Wire() ([]byte, error) {
	b := []byte{134, 0, 0, 0, 255, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
	var count = map[string]int{}
	for _, o := range a.Options {
		if count[o.Name]++; count[o.Name] > 1 && o.Name != "prefix" {
			return nil, fmt.Errorf("put_nd_ra_opts takes one %s", o.Name)
		}
		if len(o.Values) == 1 {
			b[5] |= raFlags(o.Name, o.Values[0].Str)
		}
	}
	managed := b[5]&raManaged != 0
	switch {
	case count["addr_mode"] == 0:
		return nil, fmt.Errorf("put_nd_ra_opts needs an addr_mode")
	case count["slla"] == 0:
		return nil, fmt.Errorf("put_nd_ra_opts needs an slla")
	case count["prefix"] == 0 && !managed:
		return nil, fmt.Errorf("put_nd_ra_opts needs a prefix unless addr_mode is \"dhcpv6_stateful\"")
	}
	for _, o := range a.Options {
		var err error
		if b, err = o.appendWire(b, b[5]); err != nil {
			return nil, err
		}
	}
	if len(b) > 1<<16-1-40 {
		return nil, fmt.Errorf("the router advertisement is too long")
	}
	return b, nil
}

// raFlags returns the flags that an option sets.
func raFlags(name, value string) byte {
	switch name + "=" + value {
	case "addr_mode=dhcpv6_stateful":
		return raManaged
	case "addr_mode=dhcpv6_stateless":
		return raOther
	}
	if name == "router_preference" {
		return raPreferences()[value]
	}
	return 0
}

// raPreferences: RFC 4191, section 2.1, where it stands in the flags.
func raPreferences() map[string]byte {
	return map[string]byte{"HIGH": 0x08, "MEDIUM": 0, "LOW": 0x18}
}

// appendWire appends the option as it stands behind the header; addr_mode and
// router_preference are flags alone.
func (o RAOption) appendWire(b []byte, flags byte) ([]byte, error) {
	if len(o.Values) == 0 {
		return nil, fmt.Errorf("%s has no value", o.Name)
	}
	single, c := len(o.Values) == 1, o.Values[0]
	switch o.Name {
	case "addr_mode":
		if !single || !c.IsString || c.Str != "slaac" && c.Str != "dhcpv6_stateful" && c.Str != "dhcpv6_stateless" {
			return nil, o.needs(`"slaac", "dhcpv6_stateful" or "dhcpv6_stateless"`)
		}
		return b, nil
	case "router_preference":
		if _, ok := raPreferences()[c.Str]; !single || !c.IsString || !ok {
			return nil, o.needs(`"HIGH", "MEDIUM" or "LOW"`)
		}
		return b, nil
	case "slla":
		if !single || c.IsString || c.Masked || c.Notation != Ethernet {
			return nil, o.needs("an Ethernet address")
		}
		a := c.Value.Bytes16()
		return append(append(b, 1, 1), a[10:]...), nil
	case "mtu":
		if !single || c.IsString || c.Masked || c.Notation > Hex || c.Value.Len() > 32 {
			return nil, o.needs("a number")
		}
		return binary.BigEndian.AppendUint32(append(b, 5, 1, 0, 0), uint32(c.Value.Lo)), nil
	case "prefix":
		return o.prefix(b, flags)
	case "rdnss":
		return o.rdnss(b)
	case "dnssl", "route_info":
		if !single || !c.IsString {
			return nil, o.needs("a string")
		}
		if o.Name == "dnssl" {
			return appendDNSSL(b, c.Str)
		}
		return appendRoutes(b, c.Str)
	}
	return nil, fmt.Errorf("put_nd_ra_opts has no option `%s'", o.Name)
}

// Check tells what is wrong with the option by itself.
func (o RAOption) Check() error {
	_, err := o.appendWire(nil, 0)
	return err
}

func (o RAOption) needs(what string) error {
	return fmt.Errorf("%s must be %s, not %s", o.Name, what, appendConstants(nil, o.Values))
}

// prefix: RFC 4861, section 4.6.2.
func (o RAOption) prefix(b []byte, flags byte) ([]byte, error) {
	c := o.Values[0]
	bits := popcount(c.Mask)
	if len(o.Values) != 1 || c.IsString || !c.Masked || c.Notation != IPv6 || c.Mask != Ones(bits).Shl(128-bits) {
		return nil, o.needs("an IPv6 prefix")
	}
	how := byte(0xc0) // on-link, autonomous
	if flags&raManaged != 0 {
		how = 0x80
	}
	b = append(b, 3, 4, byte(bits), how, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
	a := c.Value.Bytes16()
	return append(b, a[:]...), nil
}

// rdnss: RFC 8106, section 5.1.
func (o RAOption) rdnss(b []byte) ([]byte, error) {
	if len(o.Values) > 127 {
		return nil, fmt.Errorf("rdnss takes at most 127 addresses")
	}
	b = append(b, 25, byte(1+2*len(o.Values)), 0, 0, 0xff, 0xff, 0xff, 0xff)
	for _, c := range o.Values {
		if c.IsString || c.Masked || c.Notation != IPv6 {
			return nil, o.needs("IPv6 addresses")
		}
		a := c.Value.Bytes16()
		b = append(b, a[:]...)
	}
	return b, nil
}

// appendDNSSL: RFC 8106, section 5.2; names are not compressed there.
func appendDNSSL(b []byte, names string) ([]byte, error) {
	start := len(b)
	b = append(b, 31, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
	for _, name := range strings.Split(names, ",") {
		var err error
		if b, err = AppendDomains(b, []string{name}); err != nil {
			return nil, err
		}
	}
	for (len(b)-start)%8 != 0 {
		b = append(b, 0)
	}
	if len(b)-start > 8*255 {
		return nil, fmt.Errorf("%d bytes are too many for dnssl", len(b)-start)
	}
	b[start+1] = byte((len(b) - start) / 8)
	return b, nil
}

// appendRoutes: RFC 4191, section 2.3, one option a route.
func appendRoutes(b []byte, routes string) ([]byte, error) {
	for _, route := range strings.Split(routes, ",") {
		pref, text, _ := strings.Cut(strings.TrimSpace(route), "-")
		flags, known := raPreferences()[pref]
		prefix, err := netip.ParsePrefix(text)
		if !known || err != nil || !prefix.Addr().Is6() {
			return nil, fmt.Errorf("%q is no route such as HIGH-aef0::/48", route)
		}
		words := (prefix.Bits() + 63) / 64 // of 8 bytes
		a := prefix.Masked().Addr().As16()
		b = append(b, 24, byte(1+words), byte(prefix.Bits()), flags, 0xff, 0xff, 0xff, 0xff)
		b = append(b, a[:8*words]...)
	}
	return b, nil
}
