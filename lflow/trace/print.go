package trace

import "strings"

// Detailed prints a trace grouped by pipelines, with tables and flows, as
// ovn-trace --detailed does.
func Detailed(root *Step) string {
	var b strings.Builder
	detailed(&b, visible([]*Step{root}), 0)
	return b.String()
}

func detailed(b *strings.Builder, steps []*Step, level int) {
	for i, s := range steps {
		if s.Kind == Change {
			continue
		}
		// What is last in its list goes on at the level of the list.
		more := 0
		if i < len(steps)-1 || s.indent || s.isLeaf() {
			more = 1
		}
		indent := indentation(level + more)
		if s.Kind == Pipeline || s.Kind == Transform {
			b.WriteString("\n" + indent + s.Text + "\n" + indent + strings.Repeat("-", len(s.Text)) + "\n")
		} else {
			b.WriteString(indent + s.Text + "\n")
		}
		detailed(b, visible(s.Steps), level+2*more)
	}
}

// indentation stops growing where nobody could read it any more.
func indentation(level int) string { return strings.Repeat("    ", min(level, 60)) }

func (s *Step) isLeaf() bool {
	return s.Kind == Action || s.Kind == Output || s.Kind == Problem
}

// visible replaces tables in which nothing was done but to go on by what
// followed.
func visible(steps []*Step) []*Step {
	var out []*Step
	for _, s := range steps {
		if s.Kind == Table && s.Flow != nil && s.Flow.trivial() {
			out = append(out, visible(s.Steps)...)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// Summary prints pipelines and the actions executed in them, as ovn-trace
// --summary does.
func Summary(root *Step) string {
	var b strings.Builder
	block(&b, flatten([]*Step{root}, func(s *Step) (keep, into bool) {
		return s.Kind != Change && s.Kind != Table, s.Kind == Table
	}), 0)
	return b.String()
}

// Minimal prints how the packet was changed and where it was delivered, as
// ovn-trace --minimal does.
func Minimal(root *Step) string {
	var b strings.Builder
	block(&b, flatten([]*Step{root}, func(s *Step) (keep, into bool) {
		keep = s.Kind == Change || s.Kind == Transform || s.Kind == Problem
		return keep, !keep
	}), 0)
	return b.String()
}

// flatten leaves out the steps that are not to be kept; those that are looked
// into are replaced by what follows from them.
func flatten(steps []*Step, which func(*Step) (keep, into bool)) []*Step {
	var out []*Step
	for _, s := range steps {
		keep, into := which(s)
		switch {
		case keep:
			c := *s
			c.Steps = flatten(s.Steps, which)
			out = append(out, &c)
		case into:
			out = append(out, flatten(s.Steps, which)...)
		}
	}
	return out
}

// block prints steps in the manner of a program.
func block(b *strings.Builder, steps []*Step, level int) {
	indent := indentation(level)
	for _, s := range steps {
		if s.Kind == Action && strings.HasPrefix(s.Text, "next(") {
			continue // to where is a detail
		}
		b.WriteString(indent + s.Text)
		switch {
		case len(s.Steps) > 0:
			b.WriteString(" {\n")
			block(b, s.Steps, level+1)
			b.WriteString(indent + "};\n")
		case s.Kind == Action:
			b.WriteString("\n") // has a semicolon of its own
		default:
			b.WriteString(";\n")
		}
	}
}
