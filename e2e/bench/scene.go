package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/weft-sdn/weft/e2e"
)

// scene is a cloud and the figures that are measured in it, on both systems,
// one after the
// other.
type scene struct {
	ports   int // logical ports, 20 on a switch
	ips     int // addresses of each
	figures []spec
	measure func(*cloud, context.Context) error // hands its figures to cloud.give
	packets bool                                // switches have a datapath, and the sides are measured in turn, as with an older build
}

// spec is a figure to be measured.
type spec struct {
	name  string
	goal  goal
	alone string // why there is no such figure of the peer; empty if there is
}

// growth is a figure made of two others: the second by the first.
type growth struct {
	name, few, many string
	limit           float64
}

// scenes are all there are, and growths is what is made of their figures.
func scenes() []scene {
	return slices.Concat(northdScenes(), failoverScenes(), agentScenes(), interestScenes(), aclScenes(), clientScenes(), routerScenes(), natScenes(), lbScenes(), gatewayScenes())
}

var growths = slices.Concat(northdGrowths, agentGrowths, routerGrowths, natGrowths)

// wanted tells which figures to measure: those asked for and those of which a
// growth that is asked for is made.
func wanted(only *regexp.Regexp, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return only.MatchString(name) || slices.ContainsFunc(growths, func(g growth) bool {
			return (g.few == name || g.many == name) && only.MatchString(g.name)
		})
	})
}

// The sides of a comparison.
const (
	ours = iota
	peer
	base // ours as an older commit has it
)

// side is one of them.
type side struct {
	name    string      // for notes
	backend e2e.Backend // nil: it is not measured
	bin     string
}

// systems prepares those that are asked for, and says what is not measured, and
// why.
func systems(which []string, old *baseline, note func(string)) (sides [3]side, err error) {
	for i, b := range []e2e.Backend{ours: e2e.Weft{}, peer: e2e.OVN{}} {
		why := e2e.Missing(b)
		if !slices.Contains(which, b.Name()) {
			why = "it is not among -sides"
		}
		if why != "" {
			note(fmt.Sprintf("# %s is not measured: %s", b.Name(), why))
			continue
		}
		sides[i] = side{name: b.Name(), backend: b}
	}
	if sides[ours].backend == nil {
		return sides, nil
	}
	if old != nil {
		sides[base] = side{"base", e2e.Weft{}, old.bin}
	}
	sides[ours].bin, err = e2e.Build()
	return sides, err
}

// turns is the order in which sides are measured. With an older build each of
// the two has its runs, between those of the other, and is first as often as
// second: what else the machine does then is the same for both. Where packets are
// measured the peer has runs between them too.
func turns(sides [3]side, packets bool) (order []int) {
	rounds := 1
	if packets || sides[base].backend != nil {
		rounds = runs
	}
	for i := range rounds {
		round := []int{ours, base}
		if i%2 == 1 {
			round = []int{base, ours}
		}
		if packets || i == rounds-1 {
			round = append(round, peer)
		}
		order = append(order, slices.DeleteFunc(round, func(i int) bool { return sides[i].backend == nil })...)
	}
	return order
}

// results are figures by name and side: one a run.
type results map[string]*[3][]*figure

func (r results) add(name string, i int, f *figure) {
	if r[name] == nil {
		r[name] = new([3][]*figure)
	}
	r[name][i] = append(r[name][i], f)
}

// columns are the medians.
func (r results) columns(name string) columns {
	x := r[name]
	if x == nil {
		return columns{}
	}
	return columns{middle(x[ours]), middle(x[peer]), middle(x[base])}
}

// daemons measures what is asked for of all sides.
func daemons(ctx context.Context, only *regexp.Regexp, which []string, old *baseline, show func(string)) error {
	var run []scene
	for _, s := range scenes() {
		if slices.ContainsFunc(s.figures, func(f spec) bool { return wanted(only, f.name) }) {
			run = append(run, s)
		}
	}
	if len(run) == 0 {
		return nil
	}
	sides, err := systems(which, old, show)
	if err != nil {
		return err
	}
	if sides[base].backend == nil {
		old = nil
	}
	if len(turns(sides, false)) == 0 {
		return nil
	}
	got := results{}
	var errs []error
	for _, s := range run {
		for _, i := range turns(sides, s.packets) {
			if i == peer && !slices.ContainsFunc(s.figures, func(f spec) bool { return f.alone == "" && wanted(only, f.name) }) {
				continue
			}
			if err := s.play(ctx, sides[i], only, func(name string, f *figure) { got.add(name, i, f) }); err != nil {
				errs = append(errs, fmt.Errorf("%s, %s: %w", sides[i].name, s.figures[0].name, err))
			}
		}
		for _, f := range s.figures {
			if !only.MatchString(f.name) {
				continue
			}
			c := got.columns(f.name)
			show(line(f.name, c, f.goal.against(old, c.unit())))
			if f.alone != "" && sides[peer].backend != nil {
				show(fmt.Sprintf("# %s: no peer: %s", f.name, f.alone))
			}
		}
	}
	for _, g := range growths {
		if only.MatchString(g.name) {
			few, many := got.columns(g.few), got.columns(g.many)
			show(line(g.name, columns{ours: times(few.ours, many.ours), peer: times(few.peer, many.peer)}, goal{limit: &figure{g.limit, "x"}}))
		}
	}
	return errors.Join(errs...)
}

// times says how many times few many is.
func times(few, many *figure) *figure {
	if few == nil || many == nil {
		return nil
	}
	return &figure{many.value / few.value, "x"}
}

// play makes the cloud, measures in it and takes it down.
func (s scene) play(ctx context.Context, x side, only *regexp.Regexp, give func(string, *figure)) error {
	c, err := newCloud(ctx, x, s)
	if err != nil {
		return err
	}
	c.want = func(names ...string) bool {
		return slices.ContainsFunc(s.figures, func(f spec) bool { return slices.Contains(names, f.name) && wanted(only, f.name) })
	}
	c.give = func(name string, f *figure) {
		if c.want(name) {
			give(name, f)
		}
	}
	if err := s.measure(c, ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, closed(c.s))
	}
	return c.s.Close()
}
