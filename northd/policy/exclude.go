package policy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// What a policy excludes, as in "ip6.dst != $nodes", has a bit: packets to $nodes get
// it, and what is asked of them is that they have not. What is not in some prefixes
// is many others, a hundred and more for a prefix of IPv6; this way a set costs what
// it has members, however many policies exclude it.

// exclusion is a comparison that must not hold.
type exclusion struct{ Field, Value string }

func (x exclusion) Compare(o exclusion) int {
	return cmp.Or(cmp.Compare(x.Field, o.Field), cmp.Compare(x.Value, o.Value))
}

// maxExclusions is how many a router can have that have a bit; others are matched as
// they are written.
var maxExclusions = pipeline.LField(pipeline.Excluded).Width()

// excludes finds the exclusions of addresses among what is joined by && in a match.
var excludes = regexp.MustCompile(`^(ip[46]\.(?:src|dst)) *!= *(\$[A-Za-z_][\w.]*|[0-9a-fA-F.:]+(?:/[0-9]+)?|\{[^{}"]*\})$`)

// exclusionsOf returns the match without its exclusions, and these. Where it is more
// than conditions joined by && all of it is left.
func exclusionsOf(match string) (rest []string, out []exclusion) {
	parts, ok := conjuncts(match)
	if !ok {
		return []string{"(" + match + ")"}, nil
	}
	for _, p := range parts {
		if m := excludes.FindStringSubmatch(p); m != nil {
			out = append(out, exclusion{m[1], m[2]})
		} else {
			rest = append(rest, "("+p+")")
		}
	}
	return rest, out
}

// conjuncts splits a match at each && that is in no parentheses, and leaves out
// comments. It returns false if there is a || beside, or what is no match.
func conjuncts(match string) (parts []string, ok bool) {
	depth, begin := 0, 0
	for i := 0; i < len(match); i++ {
		switch two := match[i:min(i+2, len(match))]; {
		case match[i] == '(' || match[i] == '{':
			depth++
		case match[i] == ')' || match[i] == '}':
			depth--
		case match[i] == '"':
			for i++; i < len(match) && match[i] != '"'; i++ {
				if match[i] == '\\' {
					i++
				}
			}
		case two == "/*":
			end := strings.Index(match[i:], "*/")
			if end < 0 {
				return nil, false
			}
			match = match[:i] + " " + match[i+end+2:]
		case two == "//", two == "||" && depth == 0:
			return nil, false
		case two == "&&" && depth == 0:
			parts = append(parts, strings.TrimSpace(match[begin:i]))
			begin = i + 2
			i++
		}
	}
	return append(parts, strings.TrimSpace(match[min(begin, len(match)):])), true
}

// declareExclusions declares which exclusions of a router have a bit, and the flows
// that set them.
func (ft *feature) declareExclusions(g *graph.Graph, all *incr.Table[schema.UUID, *policy]) {
	byRouter := incr.NewIndex(all, "router with exclusions", func(_ schema.UUID, p *policy) []schema.UUID {
		if p.Off || len(p.Excluded) == 0 {
			return nil
		}
		return []schema.UUID{p.Router}
	})
	ft.exclusions = graph.Table(g, "exclusions of router", incr.Values(byRouter), func(r *incr.Reader, router schema.UUID) ([]exclusion, bool) {
		var list []exclusion
		for _, p := range incr.Each(r, byRouter, router) {
			list = append(list, p.Excluded...)
		}
		slices.SortFunc(list, exclusion.Compare)
		list = slices.Compact(list)
		return list[:min(maxExclusions, len(list))], true
	})
	graph.UnitsOf(g, "flows of exclusions", ft.exclusions, func(router schema.UUID, _ []exclusion) graph.Place {
		return graph.Place{Owner: router, Name: "exclusions"}
	}).Write(name, func(_ *incr.Reader, f *graph.Flows, list []exclusion) {
		for i, x := range list {
			bit := pipeline.LField(pipeline.Excluded).Bits(i, i)
			f.AddText(pipeline.LRInPolicy, 65000, lflow.Eq(bit, 0).String()+" && "+x.Field+" == "+x.Value,
				lflow.SetTo(bit, 1), pipeline.Jump(pipeline.LRInPolicy))
		}
	})
}

// where is the match of a policy's flow.
func (ft *feature) where(r *incr.Reader, p *policy) string {
	list, _ := incr.Get(r, ft.exclusions, p.Router)
	match := []string{lflow.Eq(pipeline.LField(pipeline.Chain), p.Chain).String()}
	for _, x := range p.Excluded {
		i, ok := slices.BinarySearchFunc(list, x, exclusion.Compare)
		if !ok {
			match = append(match, x.Field+" != "+x.Value)
			continue
		}
		if family, _, _ := strings.Cut(x.Field, "."); !slices.Contains(match, family) {
			match = append(match, family)
		}
		match = append(match, lflow.Eq(pipeline.LField(pipeline.Excluded).Bits(i, i), 0).String())
	}
	return strings.Join(append(match, p.Rest...), " && ")
}
