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
// one after the other.
type scene struct {
	ports   int // logical ports, 20 on a switch
	ips     int // addresses of each
	figures []spec
	measure func(*cloud, context.Context) error // hands its figures to cloud.give
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
	return slices.Concat(northdScenes(), agentScenes(), interestScenes(), aclScenes())
}

var growths = slices.Concat(northdGrowths, agentGrowths)

// wanted tells which figures to measure: those asked for and those of which a
// growth that is asked for is made.
func wanted(only *regexp.Regexp, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return only.MatchString(name) || slices.ContainsFunc(growths, func(g growth) bool {
			return (g.few == name || g.many == name) && only.MatchString(g.name)
		})
	})
}

// side is one of the two systems.
type side struct {
	backend e2e.Backend // nil: it is not measured
	bin     string
}

// systems prepares those that are asked for, weft first, then its peer. It
// says what is not measured, and why.
func systems(which []string, note func(string)) (sides [2]side, err error) {
	for i, b := range []e2e.Backend{e2e.Weft{}, e2e.OVN{}} {
		why := e2e.Missing(b)
		if !slices.Contains(which, b.Name()) {
			why = "it is not among -sides"
		}
		if why != "" {
			note(fmt.Sprintf("# %s is not measured: %s", b.Name(), why))
			continue
		}
		sides[i].backend = b
	}
	if sides[0].backend != nil {
		sides[0].bin, err = e2e.Build()
	}
	return sides, err
}

// results are figures by name: ours and the peer's.
type results map[string][2]*figure

func (r results) set(name string, i int, f *figure) {
	x := r[name]
	x[i] = f
	r[name] = x
}

// daemons measures what is asked for of both systems.
func daemons(ctx context.Context, only *regexp.Regexp, which []string, show func(string)) error {
	var run []scene
	for _, s := range scenes() {
		if slices.ContainsFunc(s.figures, func(f spec) bool { return wanted(only, f.name) }) {
			run = append(run, s)
		}
	}
	if len(run) == 0 {
		return nil
	}
	sides, err := systems(which, show)
	if err != nil || sides == [2]side{} {
		return err
	}
	got := results{}
	var errs []error
	for _, s := range run {
		for i, x := range sides {
			if x.backend == nil || i == 1 && !slices.ContainsFunc(s.figures, func(f spec) bool { return f.alone == "" && wanted(only, f.name) }) {
				continue
			}
			if err := s.play(ctx, x, only, func(name string, f *figure) { got.set(name, i, f) }); err != nil {
				errs = append(errs, fmt.Errorf("%s, %s: %w", x.backend.Name(), s.figures[0].name, err))
			}
		}
		for _, f := range s.figures {
			if !only.MatchString(f.name) {
				continue
			}
			show(line(f.name, got[f.name][0], got[f.name][1], f.goal))
			if f.alone != "" && sides[1].backend != nil {
				show(fmt.Sprintf("# %s: no peer: %s", f.name, f.alone))
			}
		}
	}
	for _, g := range growths {
		if only.MatchString(g.name) {
			few, many := got[g.few], got[g.many]
			show(line(g.name, times(few[0], many[0]), times(few[1], many[1]), goal{limit: &figure{g.limit, "x"}}))
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
	c, err := newCloud(ctx, x.backend, x.bin, s.ports, s.ips)
	if err != nil {
		return err
	}
	c.give = give
	c.want = func(names ...string) bool {
		return slices.ContainsFunc(s.figures, func(f spec) bool { return slices.Contains(names, f.name) && wanted(only, f.name) })
	}
	if err := s.measure(c, ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, closed(c.s))
	}
	return c.s.Close()
}
