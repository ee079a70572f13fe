package binding

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Self is this chassis.
type Self struct{ Name, Hostname string }

// Is tells whether an option means this chassis: by name or by hostname.
func (s Self) Is(chassis string) bool {
	return chassis != "" && (chassis == s.Name || chassis == s.Hostname)
}

// Requested is the chassis that a port is asked to be on (its main one; a
// second one, where the port is about to move, comes behind a comma).
func Requested(options map[string]string) string {
	first, _, _ := strings.Cut(options["requested-chassis"], ",")
	return strings.TrimSpace(first)
}

// Interface is an interface of the integration bridge that has an iface-id.
type Interface struct {
	UUID, Name string
	ID         string // external_ids:iface-id
	Ofport     int    // 0 and below: the switch does not have it
	EncapIP    string // external_ids:encap-ip
	Version    string // external_ids:iface-id-ver
}

// Pick chooses the interface of a port among those that have its name: one
// that works before one that does not, then the first by name. others are the
// names of those left aside. A port that asks for a version of its interface
// (options:iface-id-ver) takes no other: one that is left from an earlier VM has
// the name too.
func Pick(version string, ifaces []Interface) (chosen Interface, others []string, ok bool) {
	s := slices.Clone(ifaces)
	if version != "" {
		s = slices.DeleteFunc(s, func(i Interface) bool { return i.Version != version })
	}
	if len(s) == 0 {
		return Interface{}, nil, false
	}
	slices.SortFunc(s, func(a, b Interface) int {
		if x, y := a.Ofport > 0, b.Ofport > 0; x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.UUID, b.UUID))
	})
	for _, i := range s[1:] {
		others = append(others, i.Name)
	}
	return s[0], others, true
}

// Asks tells whether this chassis asks for a port: an interface of it works
// here, the port is one that interfaces are for, and nobody wants it elsewhere.
func Asks(self Self, portType, requested string, i Interface) bool {
	return portType == "" && i.Ofport > 0 && (requested == "" || self.Is(requested))
}

// Claim is what a chassis wrote about a port; Revision when.
type Claim struct {
	Chassis  string
	Revision int64
}

// Pending is the revision of a claim that is about to be written: later than
// all that are.
const Pending = math.MaxInt64
