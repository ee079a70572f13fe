package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/weft-sdn/weft"

// goBenchmarks runs the Go benchmarks whose names (go/PACKAGE/BenchmarkName)
// fit. What benchmarks there are is read from the source: `go test -list`
// would compile every package.
func goBenchmarks(ctx context.Context, only *regexp.Regexp, show func(string)) error {
	list, err := goTool(ctx, "list", "-f", `{{$d := .Dir}}{{.ImportPath}}{{range .TestGoFiles}}{{"\t"}}{{$d}}/{{.}}{{end}}{{range .XTestGoFiles}}{{"\t"}}{{$d}}/{{.}}{{end}}`, "./...")
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
		out, err := goTool(ctx, "test", "-run", "^$", "-bench", "^("+strings.Join(run, "|")+")$", "-benchtime", "300ms", pkg)
		for _, l := range goLines(short, out) {
			show(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var benchmarkFunc = regexp.MustCompile(`(?m)^func (Benchmark(?:[^a-z\W]\w*)?)\(\w+ \*testing\.B\)`)

// benchmarksOf returns the names of the benchmarks in a file.
func benchmarksOf(source []byte) (names []string) {
	for _, m := range benchmarkFunc.FindAllSubmatch(source, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

func goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
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

// goLines turns the output of `go test -bench` into lines.
func goLines(pkg, out string) []string {
	var lines []string
	for l := range strings.Lines(out) {
		f := strings.Fields(l)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := f[0]
		if i := strings.LastIndexByte(name, '-'); i > 0 { // GOMAXPROCS
			name = name[:i]
		}
		metrics := map[string]float64{}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				metrics[f[i+1]] = v
			}
		}
		name = "go/" + pkg + "/" + name
		goals := goalUnits(metrics)
		if len(goals) == 0 {
			lines = append(lines, line(name, &figure{metrics["ns/op"], "ns/op"}, nil, goal{}))
		}
		for _, unit := range goals {
			of := name
			if len(goals) > 1 {
				of += ":" + unit
			}
			g := goal{limit: optional(metrics, "goal-", unit), ratio: metrics["goal-ratio-"+unit]}
			lines = append(lines, line(of, &figure{metrics[unit], unit}, optional(metrics, "peer-", unit), g))
		}
	}
	return lines
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
