package main

import (
	"fmt"
	"strconv"
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

// goal is a limit: of the value itself, of its ratio to the peer's, or both.
type goal struct {
	limit *figure
	ratio float64
}

func (g goal) String() string {
	switch {
	case g.limit != nil && g.ratio != 0:
		return fmt.Sprintf("<=%s,<=%gx", g.limit, g.ratio)
	case g.limit != nil:
		return "<=" + g.limit.String()
	case g.ratio != 0:
		return fmt.Sprintf("<=%gx", g.ratio)
	default:
		return "-"
	}
}

// line formats a result. Where ours is not measured, or a peer that the goal is
// about, it is missing, unless a limit of the value is known to fall short.
func line(name string, ours, peer *figure, g goal) string {
	ratio, verdict := "-", "met"
	if ours == nil || g.ratio != 0 && peer == nil {
		verdict = "missing"
	}
	if ours != nil && peer != nil && peer.value > 0 {
		r := ours.value / peer.value
		ratio = fmt.Sprintf("%.3f", r)
		if g.ratio != 0 && r > g.ratio {
			verdict = "short"
		}
	}
	if ours != nil && g.limit != nil && ours.value > g.limit.value {
		verdict = "short"
	}
	return fmt.Sprintf("bench %s ours=%s peer=%s ratio=%s goal=%s %s", name, ours, peer, ratio, g, verdict)
}
