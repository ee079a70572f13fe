package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

func main() {
	only := flag.String("only", "", "run the benchmarks whose name fits this regular expression")
	which := flag.String("sides", "weft,ovn", "systems to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *only, *which); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// side is one of the two systems.
type side struct {
	backend e2e.Backend
	bin     string
}

func run(ctx context.Context, only, which string) error {
	re, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	show := func(l string) { fmt.Println(l) }
	sides := strings.Split(which, ",")
	return errors.Join(clouds(ctx, re, sides, show), agents(ctx, re, sides, show), acls(ctx, re, sides, show), goBenchmarks(ctx, re, show))
}

// size is a cloud: ports (20 on a switch), and how many of them are on each of
// the two hypervisors.
type size struct{ ports, local int }

// few and many differ in nothing but the number of logical ports, full also in
// that each hypervisor has a port of every switch.
var few, many, full = size{100, 50}, size{10_000, 50}, size{10_000, 500}

// clouds measures both systems.
func clouds(ctx context.Context, only *regexp.Regexp, which []string, show func(string)) error {
	want := func(names ...string) bool { return slices.ContainsFunc(names, only.MatchString) }
	runs := map[int][]size{}
	for _, z := range []size{few, many, full} {
		if want(addName(z)) || (z != full && want(growthName, coldName(z.ports))) {
			runs[z.ports] = append(runs[z.ports], z)
		}
	}
	if len(runs) == 0 {
		return nil
	}
	if why := e2e.Missing(e2e.Weft{}); why != "" {
		fmt.Printf("bench: no measurements of clouds: %s\n", why)
		return nil
	}
	sides, err := sidesOf(which)
	if err != nil {
		return err
	}
	got := results{}
	var errs []error
	for _, ports := range []int{few.ports, many.ports} {
		if len(runs[ports]) == 0 {
			continue
		}
		for i, x := range sides {
			if x.backend == nil {
				continue
			}
			if err := measure(ctx, x, ports, runs[ports], func(name string, f *figure) { got.set(name, i, f) }); err != nil {
				errs = append(errs, fmt.Errorf("%s, %d ports: %w", x.backend.Name(), ports, err))
			}
		}
		names := []string{coldName(ports)}
		for _, z := range runs[ports] {
			names = append(names, addName(z))
		}
		for _, name := range names {
			if want(name) {
				show(line(name, got[name][0], got[name][1], goal{ratio: 1}))
			}
		}
	}
	if a, b := got[addName(few)], got[addName(many)]; want(growthName) {
		show(line(growthName, growth(a[0], b[0]), growth(a[1], b[1]), goal{limit: &figure{1.5, "x"}}))
	}
	return errors.Join(errs...)
}

// results are figures by name: ours and the peer's.
type results map[string][2]*figure

func (r results) set(name string, i int, f *figure) {
	x := r[name]
	x[i] = f
	r[name] = x
}

// sidesOf prepares the systems: weft first, then its peer.
func sidesOf(which []string) ([]side, error) {
	sides := make([]side, 2)
	if slices.Contains(which, "weft") {
		bin, err := e2e.Build()
		if err != nil {
			return nil, err
		}
		sides[0] = side{e2e.Weft{}, bin}
	}
	if slices.Contains(which, "ovn") {
		if why := e2e.Missing(e2e.OVN{}); why != "" {
			fmt.Printf("bench: no peer: %s\n", why)
		} else {
			sides[1] = side{e2e.OVN{}, ""}
		}
	}
	return sides, nil
}

func coldName(ports int) string { return fmt.Sprintf("northd-cold-start-%d-ports", ports) }

func addName(z size) string {
	return fmt.Sprintf("port-add-to-flows-%d-ports-%d-local", z.ports, z.local)
}

// growthName is what a port costs among many by what it costs among few. It
// must not depend on the number of ports.
const growthName = "port-add-growth"

func growth(few, many *figure) *figure {
	if few == nil || many == nil {
		return nil
	}
	return &figure{many.value / few.value, "x"}
}

// repeats and patience bound how often a change is made.
const (
	repeats  = 15
	patience = 45 * time.Second
)

// measure gives the cold start of northd, and for each size the median time of
// a port.
func measure(ctx context.Context, x side, ports int, sizes []size, give func(string, *figure)) (err error) {
	start := time.Now()
	c, err := newCloud(x.backend, x.bin, ports, 1)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, closed(c.s))
		} else {
			err = c.s.Close()
		}
	}()
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	c.note("filled and compiled in %v", time.Since(start).Round(time.Millisecond))
	cold, err := c.coldStart(ctx)
	if err != nil {
		return err
	}
	give(coldName(ports), seconds(cold))
	for _, z := range sizes {
		start = time.Now()
		if err := c.occupy(ctx, z.local); err != nil {
			return err
		}
		c.note("%d of them on each hypervisor, flows installed in %v", z.local, time.Since(start).Round(time.Millisecond))
		all, err := times(ctx, func() (time.Duration, error) { return c.addPort(ctx) })
		if err != nil {
			return err
		}
		c.note("port added %d times: %v … %v", len(all), all[0].Round(time.Microsecond), all[len(all)-1].Round(time.Microsecond))
		give(addName(z), seconds(all[len(all)/2]))
	}
	return nil
}

// times does something over and over and returns the times that it took,
// sorted.
func times(ctx context.Context, once func() (time.Duration, error)) ([]time.Duration, error) {
	var all []time.Duration
	for start := time.Now(); len(all) < repeats && (len(all) < 3 || time.Since(start) < patience); {
		d, err := once()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	return all, nil
}
