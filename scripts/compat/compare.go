package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// difference is a pattern of names of tests that pass with stock and not with
// weft, and why that is meant.
type difference struct{ suite, pattern, reason string }

// report is what the runs of a suite come to.
type report struct {
	title       string
	left        int
	stock, weft int      // tests that pass
	all         int      // tests that stock or weft ran and did not skip
	bad         []result // with weft, of tests that pass with stock
	meant       map[string][]string
	stale       []string // differences that there are no more
}

// compare finds what passes with stock and not with weft. Whole says that all
// tests were run.
func compare(suite string, stock, weft map[string]result, differences []difference, whole bool) *report {
	r := &report{meant: map[string][]string{}}
	names := maps.Clone(stock)
	maps.Copy(names, weft)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		theirs, ours := stock[name].Verdict, weft[name].Verdict
		if theirs != "skip" || ours != "skip" && ours != "" {
			r.all++
		}
		if theirs == "pass" {
			r.stock++
		}
		if ours == "pass" {
			r.weft++
		}
		if theirs != "pass" || ours == "pass" {
			continue
		}
		switch i := slices.IndexFunc(differences, func(d difference) bool { return d.suite == suite && regexp.MustCompile(d.pattern).MatchString(name) }); {
		case i >= 0:
			r.meant[differences[i].reason] = append(r.meant[differences[i].reason], name)
		case ours == "":
			r.bad = append(r.bad, result{name, "", "did not run"})
		default:
			r.bad = append(r.bad, result{name, ours, weft[name].Text})
		}
	}
	for _, d := range differences {
		if whole && d.suite == suite && r.meant[d.reason] == nil {
			r.stale = append(r.stale, d.pattern)
		}
	}
	return r
}

func (r *report) ok() bool { return len(r.bad)+len(r.stale) == 0 }

// text is a line, and a line for each test that matters; all that it says if full.
func (r *report) text(full bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: stock passes %d of %d, weft %d\n", r.title, r.stock, r.all, r.weft)
	if r.left > 0 {
		fmt.Fprintf(&b, "    left out: %d tests, which are of other things\n", r.left)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.meant)) {
		fmt.Fprintf(&b, "    %s: %s\n", reason, strings.Join(r.meant[reason], ", "))
	}
	for _, bad := range r.bad {
		fmt.Fprintf(&b, "    FAIL %s: %.300s\n", bad.Test, lastLine(bad.Text))
		if full {
			b.WriteString(strings.TrimSuffix(bad.Text, "\n") + "\n")
		}
	}
	for _, pattern := range r.stale {
		fmt.Fprintf(&b, "    no test fails any more that differences calls %s\n", pattern)
	}
	return b.String()
}
