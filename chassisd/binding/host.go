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
	Unknown Reach = iota // no tunnel leads there, or BFD watches one and has not said yet
	Dead                 // BFD watches the tunnels, and nothing comes through any
	Back                 // something comes through again, since a moment ago
	Alive                // something comes through a tunnel, or BFD does not watch one
)

// Hearing is what this chassis hears of those that it watches.
type Hearing uint8

const (
	Deaf   Hearing = iota // nothing
	Begins                // something, since a moment ago: of others more may come
	Hears                 // something, and what it does not hear is not there
)

// Host names the chassis that has what an HA group is for: the first of the ranked
// ones that is alive, where there is but one that. reach tells of the others, hears
// of self; claimed is who said last that it has it.
//
// Who hears nothing does not take over: that the others are all gone is less likely
// than that it is cut off, and then another one has taken over. Nor does one that has
// just begun to hear if it comes behind others. One that is back gets it when it says
// that it is ready, and at the latest when it is not new any more. Where none is
// alive it is the first one's, in case it is there after all.
func Host(self string, ranked []string, reach func(chassis string) Reach, hears Hearing, claimed string) string {
	if len(ranked) == 0 {
		return ""
	}
	if len(ranked) == 1 {
		return ranked[0]
	}
	back := ""
	for i, c := range ranked {
		at := Unknown
		switch {
		case c != self:
			at = reach(c)
		case hears == Hears || hears == Begins && i == 0:
			at = Alive
		}
		if at == Alive || at == Back && c == claimed {
			return c
		}
		if at == Back && back == "" {
			back = c
		}
	}
	switch {
	case back != "":
		return back
	case ranked[0] == self:
		return ""
	}
	return ranked[0]
}
