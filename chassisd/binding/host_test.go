package binding

import (
	"slices"
	"strings"
	"testing"
)

func TestRank(t *testing.T) {
	for _, c := range []struct {
		all  []Candidate
		want string
	}{
		{nil, ""},
		{[]Candidate{{"b", 1}}, "b"},
		{[]Candidate{{"a", 1}, {"b", 2}}, "b a"},
		{[]Candidate{{"b", 2}, {"a", 2}, {"c", 0}}, "a b c"},
		{[]Candidate{{"a", 1}, {"b", 2}, {"a", 3}}, "a b"},
	} {
		if got := strings.Join(Rank(c.all), " "); got != c.want {
			t.Errorf("%v are ranked %q, want %q", c.all, got, c.want)
		}
	}
}

// TestHost: the row is what a knows of b, c, …; "-" before a name is a dead one,
// "?" one to which no tunnel leads.
func TestHost(t *testing.T) {
	for _, c := range []struct {
		ranked string
		alone  bool
		want   string
	}{
		{"", false, ""},
		{"b", false, "b"},
		{"-b", true, "b"}, // there is no other
		{"a", true, "a"},
		{"b c", false, "b"},
		{"-b c", false, "c"},
		{"?b c", false, "c"},
		{"-b -c", false, "b"},
		{"?b -c", false, "b"},
		{"a b", false, "a"},
		{"b a", false, "b"},
		{"-b a", false, "a"},
		{"-b a c", false, "a"},
		{"?b a", false, "a"},
		{"-b a", true, "b"},   // b's others have it, if b has not
		{"a -b -c", true, ""}, // one of the others has it
		{"-b -c a", true, "b"},
	} {
		dead, unknown := map[string]bool{}, map[string]bool{}
		var ranked []string
		for _, name := range strings.Fields(c.ranked) {
			bare := strings.TrimLeft(name, "-?")
			dead[bare], unknown[bare] = name[0] == '-', name[0] == '?'
			ranked = append(ranked, bare)
		}
		got := Host("a", ranked, func(name string) Reach {
			switch {
			case dead[name]:
				return Dead
			case unknown[name] || !slices.Contains(ranked, name):
				return Unknown
			}
			return Alive
		}, c.alone)
		if got != c.want {
			t.Errorf("of %s, alone %v, %q is the host, want %q", c.ranked, c.alone, got, c.want)
		}
	}
}
