package address

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Ages are after how long what was learned of an address is forgotten:
// Logical_Router:options:mac_binding_age_threshold, ovn-nb(5). The zero value is
// never.
type Ages struct {
	prefixes []ageOf // the longest first
	other    time.Duration
}

type ageOf struct {
	prefix netip.Prefix
	age    time.Duration
}

// ParseAges parses "[PREFIX:]SECONDS[;…]". Of several without a prefix the last one
// counts.
func ParseAges(s string) (a Ages, err error) {
	for entry := range strings.SplitSeq(s, ";") {
		if entry == "" {
			continue
		}
		prefix, seconds := netip.Prefix{}, entry
		if i := strings.LastIndexByte(entry, ':'); i >= 0 {
			seconds = entry[i+1:]
			if prefix, err = parseIP(entry[:i]); err != nil {
				return Ages{}, err
			}
		}
		n, err := strconv.ParseUint(seconds, 10, 32)
		if err != nil {
			return Ages{}, fmt.Errorf("%q is not a number of seconds", seconds)
		}
		age := time.Duration(n) * time.Second
		if prefix.Bits() > 0 {
			a.prefixes = append(a.prefixes, ageOf{prefix.Masked(), age})
		} else {
			a.other = age
		}
	}
	slices.SortStableFunc(a.prefixes, func(x, y ageOf) int { return y.prefix.Bits() - x.prefix.Bits() })
	return a, nil
}

// Of is the age of an address; 0 is never.
func (a Ages) Of(ip netip.Addr) time.Duration {
	for _, p := range a.prefixes {
		if p.prefix.Contains(ip) {
			return p.age
		}
	}
	return a.other
}

// Least is the least age that is not never; 0 where there is none.
func (a Ages) Least() time.Duration {
	least := a.other
	for _, p := range a.prefixes {
		if p.age > 0 && (least == 0 || p.age < least) {
			least = p.age
		}
	}
	return least
}
