package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/weft-sdn/weft"

// goBenchmarks runs the Go benchmarks whose names (go/PACKAGE/BenchmarkName)
// fit. What benchmarks there are is read from the source: `go test -list`
// would compile every package.
func goBenchmarks(ctx context.Context, only *regexp.Regexp, old *baseline, show func(string)) error {
	list, err := goTool(ctx, "", "list", "-f", `{{$d := .Dir}}{{.ImportPath}}{{range .TestGoFiles}}{{"\t"}}{{$d}}/{{.}}{{end}}{{range .XTestGoFiles}}{{"\t"}}{{$d}}/{{.}}{{end}}`, "./...")
	if err != nil {
		return err
	}
	for l := range strings.Lines(list) {
		f := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
		pkg, files := f[0], f[1:]
		short := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		var run []string
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			for _, name := range benchmarksOf(source) {
				if only.MatchString("go/" + short + "/" + name) {
					run = append(run, name)
				}
			}
		}
		if len(run) == 0 {
			continue
		}
		ours, older, err := benchmark(ctx, short, run, old)
		for _, l := range goLines(short, ours, older, old) {
			show(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// benchmark runs benchmarks of a package: once, or in turn with those of an
// older build that has them.
func benchmark(ctx context.Context, pkg string, names []string, old *baseline) (ours, older []measurement, err error) {
	args := []string{"test", "-run", "^$", "-bench", "^(" + strings.Join(names, "|") + ")$", "-benchtime", "300ms"}
	if old == nil {
		out, err := goTool(ctx, "", append(args, "./"+pkg)...)
		return medians(out), nil, err
	}
	args = append(args, "-benchmem", "./"+pkg)
	_, err = os.Stat(filepath.Join(old.src, pkg))
	there := err == nil
	var out, olderOut []string
	for range runs {
		o, err := goTool(ctx, "", args...)
		out = append(out, o)
		if err != nil {
			return medians(out...), nil, err
		}
		if !there {
			continue
		}
		if o, err = goTool(ctx, old.src, args...); err != nil {
			return medians(out...), nil, err
		}
		olderOut = append(olderOut, o)
	}
	return medians(out...), medians(olderOut...), nil
}

var benchmarkFunc = regexp.MustCompile(`(?m)^func (Benchmark(?:[^a-z\W]\w*)?)\(\w+ \*testing\.B\)`)

// benchmarksOf returns the names of the benchmarks in a file.
func benchmarksOf(source []byte) (names []string) {
	for _, m := range benchmarkFunc.FindAllSubmatch(source, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

// goTool runs the go command in a directory, "" for the current one.
func goTool(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// Self-checks cost; they are for tests.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "WEFT_CHECK=") }), "WEFT_CHECK=0")
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out), err
}

// measurement is what a benchmark reported.
type measurement struct {
	name    string
	metrics map[string]float64
}

// medians are those of the metrics that runs of `go test -bench` printed, by
// benchmark in the order of the first.
func medians(outs ...string) (list []measurement) {
	all := map[string]map[string][]float64{}
	for _, out := range outs {
		for l := range strings.Lines(out) {
			f := strings.Fields(l)
			if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
				continue
			}
			name := f[0]
			if i := strings.LastIndexByte(name, '-'); i > 0 { // GOMAXPROCS
				name = name[:i]
			}
			if all[name] == nil {
				all[name] = map[string][]float64{}
				list = append(list, measurement{name, map[string]float64{}})
			}
			for i := 2; i+1 < len(f); i += 2 {
				if v, err := strconv.ParseFloat(f[i], 64); err == nil {
					all[name][f[i+1]] = append(all[name][f[i+1]], v)
				}
			}
		}
	}
	for _, m := range list {
		for unit, values := range all[m.name] {
			m.metrics[unit] = slices.Sorted(slices.Values(values))[len(values)/2]
		}
	}
	return list
}

// goLines makes the lines of a package's benchmarks. Beside an older build that
// has the benchmark, what is counted has a line too.
func goLines(pkg string, ours, older []measurement, old *baseline) []string {
	before := map[string]map[string]float64{}
	for _, m := range older {
		before[m.name] = m.metrics
	}
	var lines []string
	for _, m := range ours {
		name, metrics, base := "go/"+pkg+"/"+m.name, m.metrics, before[m.name]
		units := goalUnits(metrics)
		if len(units) == 0 {
			units = []string{"ns/op"}
		}
		if base != nil {
			units = slices.Compact(slices.Sorted(slices.Values(append(units, countedUnits(metrics)...))))
		}
		for _, unit := range units {
			of := name
			if len(units) > 1 {
				of += ":" + unit
			}
			g := goal{limit: optional(metrics, "goal-", unit), ratio: metrics["goal-ratio-"+unit]}
			if base != nil {
				g = g.against(old, unit)
			}
			lines = append(lines, line(of, columns{&figure{metrics[unit], unit}, optional(metrics, "peer-", unit), optional(base, "", unit)}, g))
		}
	}
	return lines
}

func countedUnits(metrics map[string]float64) (units []string) {
	for u := range metrics {
		if counted(u) {
			units = append(units, u)
		}
	}
	return units
}

// optional is a metric that a benchmark may have reported beside its own: the
// limit of a unit (goal-…) or what a peer needs (peer-…).
func optional(metrics map[string]float64, prefix, unit string) *figure {
	v, ok := metrics[prefix+unit]
	if !ok {
		return nil
	}
	return &figure{v, unit}
}

// goalUnits returns the metrics that have a goal, of themselves (goal-…) or of
// their ratio to the peer's (goal-ratio-…), sorted.
func goalUnits(metrics map[string]float64) (units []string) {
	for m := range metrics {
		if u, ok := strings.CutPrefix(m, "goal-"); ok {
			units = append(units, strings.TrimPrefix(u, "ratio-"))
		}
	}
	slices.Sort(units)
	return slices.Compact(units)
}
