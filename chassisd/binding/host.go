package binding

import (
	"cmp"
	"slices"
)

// Candidate is a chassis of an HA group that is there.
type Candidate struct {
	Chassis  string
	Priority int64 // 0 to 32767
}

// Rank names candidates in the order in which they have what the group is for: by
// priority, the highest first, those with the same by name. A chassis that is named
// twice counts once.
func Rank(all []Candidate) []string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Chassis, b.Chassis))
	})
	var names []string
	for _, c := range all {
		if !slices.Contains(names, c.Chassis) {
			names = append(names, c.Chassis)
		}
	}
	return names
}

// Reach is what this chassis knows of another one.
type Reach uint8

const (
	Unknown Reach = iota // no tunnel leads there
	Dead                 // BFD watches the tunnels, and nothing comes through any
	Alive                // something comes through a tunnel, or BFD does not watch one
)

// Host names the chassis that has what an HA group is for: the first of the ranked
// ones that is alive, where there is but one that. reach tells of the others; alone
// is that self hears of nobody.
//
// Who is alone does not take over: that the others are all gone is less likely than
// that it is cut off, and then another one has taken over. Where none is alive it is
// the first one's, in case it is there after all.
func Host(self string, ranked []string, reach func(chassis string) Reach, alone bool) string {
	if len(ranked) == 0 {
		return ""
	}
	if len(ranked) == 1 {
		return ranked[0]
	}
	for _, c := range ranked {
		if c == self && !alone || c != self && reach(c) == Alive {
			return c
		}
	}
	if ranked[0] == self {
		return ""
	}
	return ranked[0]
}
