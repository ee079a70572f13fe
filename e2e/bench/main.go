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
	return errors.Join(clouds(ctx, re, strings.Split(which, ","), show), goBenchmarks(ctx, re, show))
}

// sizes are numbers of ports; there are 20 on a switch.
const small, large = 100, 10_000

// clouds measures both systems at both sizes.
func clouds(ctx context.Context, only *regexp.Regexp, which []string, show func(string)) error {
	wanted := func(ports int) bool {
		return only.MatchString(coldName(ports)) || only.MatchString(addName(ports)) || only.MatchString(growthName)
	}
	if !wanted(small) && !wanted(large) {
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
	got := map[string][2]*figure{}
	var errs []error
	for _, ports := range []int{small, large} {
		if !wanted(ports) {
			continue
		}
		for i, x := range sides {
			if x.backend == nil {
				continue
			}
			cold, add, err := measure(ctx, x, ports)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s, %d ports: %w", x.backend.Name(), ports, err))
				continue
			}
			set(got, coldName(ports), i, cold)
			set(got, addName(ports), i, add)
		}
		for _, name := range []string{coldName(ports), addName(ports)} {
			if only.MatchString(name) {
				show(line(name, got[name][0], got[name][1], goal{ratio: 1}))
			}
		}
	}
	if a, b := got[addName(small)], got[addName(large)]; a[0] != nil && b[0] != nil && only.MatchString(growthName) {
		show(line(growthName, growth(a[0], b[0]), growth(a[1], b[1]), goal{limit: &figure{1.5, "x"}}))
	}
	return errors.Join(errs...)
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
func addName(ports int) string  { return fmt.Sprintf("port-add-to-flows-%d-ports", ports) }

// growthName is what a port costs in the large cloud by what it costs in the
// small one. It must not depend on the number of ports.
const growthName = "port-add-growth"

func growth(small, large *figure) *figure {
	if small == nil || large == nil {
		return nil
	}
	return &figure{large.value / small.value, "x"}
}

func set(m map[string][2]*figure, name string, i int, f *figure) {
	x := m[name]
	x[i] = f
	m[name] = x
}

// repeats and patience bound how often a port is added.
const (
	repeats  = 15
	patience = 60 * time.Second
)

// measure returns the cold start of northd and the median time of a port.
func measure(ctx context.Context, x side, ports int) (cold, add *figure, err error) {
	note := func(what string, start time.Time) {
		fmt.Printf("# %s, %d ports: %s: %v\n", x.backend.Name(), ports, what, time.Since(start).Round(time.Millisecond))
	}
	start := time.Now()
	c, err := newCloud(ctx, x.backend, x.bin, ports)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, closed(c.s))
		} else {
			err = c.s.Close()
		}
	}()
	if err := c.nb.nbctl("--wait=sb", "sync"); err != nil {
		return nil, nil, err
	}
	note("filled and compiled", start)
	took, err := c.coldStart(ctx)
	if err != nil {
		return nil, nil, err
	}
	start = time.Now()
	if err := c.occupy(ctx); err != nil {
		return nil, nil, err
	}
	note("two agents, all flows installed", start)
	var all []time.Duration
	for start = time.Now(); len(all) < repeats && (len(all) < 3 || time.Since(start) < patience); {
		d, err := c.addPort(ctx)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, d)
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
	}
	slices.Sort(all)
	fmt.Printf("# %s, %d ports: port added %d times: %v … %v\n", x.backend.Name(), ports, len(all), all[0].Round(time.Microsecond), all[len(all)-1].Round(time.Microsecond))
	return seconds(took), seconds(all[len(all)/2]), nil
}
