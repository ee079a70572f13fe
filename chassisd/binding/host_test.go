package binding

import (
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

// TestHost: the row is what a knows of b, c, …; before a name, "-" is for a dead one,
// "?" for one of which nothing is known and "+" for one that is back.
func TestHost(t *testing.T) {
	for _, c := range []struct {
		ranked  string
		hears   Hearing
		claimed string
		want    string
	}{
		{"", Hears, "", ""},
		{"b", Hears, "", "b"},
		{"-b", Deaf, "", "b"}, // there is no other
		{"a", Deaf, "", "a"},
		{"b c", Hears, "", "b"},
		{"-b c", Hears, "", "c"},
		{"?b c", Hears, "", "c"},
		{"-b -c", Hears, "", "b"},
		{"?b -c", Hears, "", "b"},
		{"+b c", Hears, "c", "c"}, // b is not ready
		{"+b c", Hears, "b", "b"},
		{"-b +c", Hears, "b", "c"},
		{"a b", Hears, "", "a"},
		{"b a", Hears, "", "b"},
		{"-b a", Hears, "", "a"},
		{"-b a c", Hears, "", "a"},
		{"?b a", Hears, "", "a"},
		{"+b a", Hears, "a", "a"},
		{"+b a", Hears, "b", "b"},
		{"-b a", Deaf, "", "b"},   // b's others have it, if b has not
		{"a -b -c", Deaf, "", ""}, // one of the others has it
		{"-b -c a", Deaf, "", "b"},
		{"a -b +c", Begins, "c", "a"},
		{"?b a +c", Begins, "b", "c"}, // b may be heard in a moment
	} {
		known := map[string]Reach{}
		var ranked []string
		for _, name := range strings.Fields(c.ranked) {
			bare, at := strings.TrimLeft(name, "-?+"), Alive
			switch name[0] {
			case '-':
				at = Dead
			case '?':
				at = Unknown
			case '+':
				at = Back
			}
			known[bare] = at
			ranked = append(ranked, bare)
		}
		if got := Host("a", ranked, func(name string) Reach { return known[name] }, c.hears, c.claimed); got != c.want {
			t.Errorf("of %s, hearing %d, claimed by %q, %q is the host, want %q", c.ranked, c.hears, c.claimed, got, c.want)
		}
	}
}
