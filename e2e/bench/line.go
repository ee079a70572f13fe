package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figure is one measured quantity. Smaller is better.
type figure struct {
	value float64
	unit  string // "s" values are shown as durations
}

func seconds(d time.Duration) *figure { return &figure{d.Seconds(), "s"} }

// mean is that of times.
type mean struct {
	sum time.Duration
	n   int
}

func (m *mean) add(d time.Duration) { m.sum += d; m.n++ }

func (m *mean) value() time.Duration { return m.sum / time.Duration(max(m.n, 1)) }

func (f *figure) String() string {
	switch {
	case f == nil:
		return "-"
	case f.unit == "s" && f.value < 1e-3:
		return fmt.Sprintf("%.1fµs", f.value*1e6)
	case f.unit == "s" && f.value < 1:
		return fmt.Sprintf("%.1fms", f.value*1e3)
	case f.unit == "s":
		return fmt.Sprintf("%.2fs", f.value)
	default:
		return strconv.FormatFloat(f.value, 'g', 4, 64) + f.unit
	}
}

// middle is the median of what several runs measured; nil of none.
func middle(all []*figure) *figure {
	if len(all) == 0 {
		return nil
	}
	all = slices.SortedFunc(slices.Values(all), func(a, b *figure) int { return cmp.Compare(a.value, b.value) })
	return all[len(all)/2]
}

// counted tells whether a unit is of work that is counted, and the same each
// time. All others are measured, and differ with the load of the machine.
func counted(unit string) bool {
	return slices.Contains([]string{"flows", "mods", "flow-mods", "keys", "rows", "matches", "allocs/op"}, unit)
}

// goal is a limit: of the value itself, of its ratio to the peer's, of that to
// an older build's, or several of them.
type goal struct {
	limit *figure
	ratio float64
	// base, in a table of figures, is what shall be gained on today's build;
	// 0 where nothing is to be lost. Of a line it is the limit, 0 where there
	// is no older build.
	base float64
}

// measured is how much longer than in an older build something may take: what
// five runs of each do not settle. Counted work may not grow at all.
const measured = 1.1

// against makes the goal one of a line beside an older build (nil: none) of a
// figure in that unit.
func (g goal) against(b *baseline, unit string) goal {
	switch {
	case b == nil:
		g.base = 0
	case b.today && g.base != 0:
	case counted(unit):
		g.base = 1
	default:
		g.base = measured
	}
	return g
}

func (g goal) String() string {
	var parts []string
	if g.limit != nil {
		parts = append(parts, "<="+g.limit.String())
	}
	if g.ratio != 0 {
		parts = append(parts, fmt.Sprintf("<=%gx", g.ratio))
	}
	if g.base != 0 {
		parts = append(parts, fmt.Sprintf("<=%gbase", g.base))
	}
	return cmp.Or(strings.Join(parts, ","), "-")
}

// columns are the figures of a line.
type columns struct{ ours, peer, base *figure }

func (c columns) unit() string {
	for _, f := range []*figure{c.ours, c.base, c.peer} {
		if f != nil {
			return f.unit
		}
	}
	return ""
}

// line formats a result. Where ours is not measured, or another that the goal
// is about, it is missing, unless a limit of the value is known to fall short.
// The older build has a column where the goal is about it.
func line(name string, c columns, g goal) string {
	ratio, verdict, base := "-", "met", ""
	if c.ours == nil || g.ratio != 0 && c.peer == nil || g.base != 0 && c.base == nil {
		verdict = "missing"
	}
	if c.ours != nil && c.peer != nil && c.peer.value > 0 {
		r := c.ours.value / c.peer.value
		ratio = fmt.Sprintf("%.3f", r)
		if g.ratio != 0 && r > g.ratio {
			verdict = "short"
		}
	}
	if c.ours != nil && c.base != nil && g.base != 0 && c.ours.value > g.base*c.base.value {
		verdict = "short"
	}
	if c.ours != nil && g.limit != nil && c.ours.value > g.limit.value {
		verdict = "short"
	}
	if g.base != 0 {
		base = fmt.Sprintf(" base=%s", c.base)
	}
	return fmt.Sprintf("bench %s ours=%s peer=%s%s ratio=%s goal=%s %s", name, c.ours, c.peer, base, ratio, g, verdict)
}
