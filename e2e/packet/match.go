package packet

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Filter is a conjunction of conditions on fields.
type Filter []condition

type condition struct {
	name, op, value string
}

// ParseFilter reads conditions: `ip4.dst==10.0.0.0/8`, `eth.type!=0x806`,
// `payload=~part` (contains), `geneve.vni` (present), `!vlan.vid` (absent). A field that a
// packet holds more than once fits if one of its values does.
func ParseFilter(args []string) (Filter, error) {
	var f Filter
	for _, a := range args {
		c := condition{name: a, op: "?"}
		for _, op := range []string{"==", "!=", "=~"} {
			if name, value, ok := strings.Cut(a, op); ok {
				c = condition{name, op, value}
				break
			}
		}
		if c.op == "?" && strings.HasPrefix(a, "!") {
			c = condition{a[1:], "!", ""}
		}
		if c.name == "" || strings.ContainsAny(c.name, "= <>!") {
			return nil, fmt.Errorf("packet: condition %q is not NAME, !NAME, NAME==VALUE, NAME!=VALUE or NAME=~PART", a)
		}
		f = append(f, c)
	}
	return f, nil
}

// Match tells whether all conditions hold.
func (f Filter) Match(p Fields) bool {
	for _, c := range f {
		if !c.match(p) {
			return false
		}
	}
	return true
}

func (f Filter) String() string {
	var s []string
	for _, c := range f {
		switch c.op {
		case "?":
			s = append(s, c.name)
		case "!":
			s = append(s, "!"+c.name)
		default:
			s = append(s, c.name+c.op+c.value)
		}
	}
	return strings.Join(s, " ")
}

func (c condition) match(p Fields) bool {
	values := func(fits func(string) bool) bool {
		return slices.ContainsFunc(p, func(x Field) bool { return x.Name == c.name && fits(x.Value) })
	}
	switch c.op {
	case "?":
		return values(func(string) bool { return true })
	case "!":
		return !values(func(string) bool { return true })
	case "=~":
		return values(func(v string) bool { return strings.Contains(v, c.value) })
	case "!=":
		return !values(func(v string) bool { return equal(v, c.value) })
	default:
		return values(func(v string) bool { return equal(v, c.value) })
	}
}

// equal compares as numbers, addresses or prefixes where both sides are.
func equal(have, want string) bool {
	if strings.EqualFold(have, want) {
		return true
	}
	if a, err := strconv.ParseUint(have, 0, 64); err == nil {
		b, err := strconv.ParseUint(want, 0, 64)
		return err == nil && a == b
	}
	addr, err := netip.ParseAddr(have)
	if err != nil {
		return false
	}
	if pre, err := netip.ParsePrefix(want); err == nil {
		return pre.Contains(addr)
	}
	b, err := netip.ParseAddr(want)
	return err == nil && addr == b
}
