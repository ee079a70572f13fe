package ovsdb

import (
	"regexp"
	"slices"
	"strings"
)

// canonicalPrint makes what a tool printed comparable: rows come in the order
// of their UUIDs, which are random, so lines, records and sets are sorted, and
// then the UUIDs are numbered.
func (n *uuidNames) canonicalPrint(text string) string {
	text = bracketed.ReplaceAllStringFunc(text, func(set string) string {
		list := strings.Split(set[1:len(set)-1], ", ")
		n.sort(list)
		return "[" + strings.Join(list, ", ") + "]"
	})
	records := strings.Split(strings.Trim(text, "\n"), "\n\n")
	for i, r := range records {
		records[i] = strings.Join(n.sortTree(strings.Split(r, "\n")), "\n")
	}
	n.sort(records)
	return uuidText.ReplaceAllStringFunc(strings.Join(records, "\n\n"), n.number)
}

var bracketed = regexp.MustCompile(`\[[^][]*\]`)

// sortTree sorts lines with those that are indented below them.
func (n *uuidNames) sortTree(lines []string) []string {
	var groups [][]string
	for _, l := range lines {
		if len(groups) == 0 || indent(l) <= indent(groups[len(groups)-1][0]) {
			groups = append(groups, nil)
		}
		i := len(groups) - 1
		groups[i] = append(groups[i], l)
	}
	blocks := make([]string, len(groups))
	for i, g := range groups {
		if len(g) > 1 {
			g = append(g[:1:1], n.sortTree(g[1:])...)
		}
		blocks[i] = strings.Join(g, "\n")
	}
	n.sort(blocks)
	return blocks
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// sort sorts texts as if UUIDs that have no number yet were all the same.
func (n *uuidNames) sort(list []string) {
	key := func(s string) string {
		return uuidText.ReplaceAllStringFunc(s, func(u string) string {
			if _, known := n.num[u]; known {
				return n.number(u)
			}
			return "$U"
		})
	}
	slices.SortStableFunc(list, func(a, b string) int { return strings.Compare(key(a), key(b)) })
}
