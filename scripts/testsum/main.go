package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action, Package, ImportPath, Test, Output, FailedBuild string
	Elapsed                                                float64
}

func main() {
	s := newSummary(os.Stdout)
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(2)
	}
	if !s.report() {
		os.Exit(1)
	}
}

// key names a test, or with an empty Test a package.
type key struct{ pkg, test string }

type summary struct {
	w       io.Writer
	output  map[key][]string
	builds  map[string][]string // compiler output by import path
	verdict map[key]string
	order   []key
	parent  map[key]bool    // has subtests: not counted itself
	running map[string]int  // packages that have begun and not ended; one may run in several processes
	elapsed map[key]float64 // seconds, of tests that passed
	stray   []string
	start   time.Time
}

func newSummary(w io.Writer) *summary {
	return &summary{w: w, output: map[key][]string{}, builds: map[string][]string{}, verdict: map[key]string{},
		parent: map[key]bool{}, running: map[string]int{}, elapsed: map[key]float64{}, start: time.Now()}
}

func (s *summary) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := in.ReadString('\n')
		if len(line) > 0 {
			s.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		s.stray = append(s.stray, line)
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
	case "start", "run":
		if e.Action == "start" {
			s.running[e.Package]++
		}
		if i := strings.LastIndexByte(e.Test, '/'); i > 0 {
			s.parent[key{e.Package, e.Test[:i]}] = true
		}
	case "output":
		s.output[k] = append(s.output[k], e.Output)
	case "pass", "fail", "skip":
		if s.verdict[k] == "" {
			s.order = append(s.order, k)
		}
		if s.verdict[k] != "fail" { // in one process is in all
			s.verdict[k] = e.Action
		}
		if e.Action == "fail" && e.FailedBuild != "" {
			s.output[k] = append(s.output[k], s.builds[e.FailedBuild]...)
		}
		if e.Test == "" {
			s.running[e.Package]--
			s.pkg(k, e)
		}
		if e.Action == "pass" && e.Test != "" {
			s.elapsed[k] = e.Elapsed
		}
		if e.Action == "pass" && s.verdict[k] == "pass" {
			delete(s.output, k)
		}
	}
}

// pkg says as it goes that a package is done.
func (s *summary) pkg(k key, e event) {
	if e.Action == "skip" {
		return // no test files
	}
	word := map[string]string{"pass": "ok  ", "fail": "FAIL"}[e.Action]
	fmt.Fprintf(s.w, "%s  %-52s %7.2fs\n", word, k.pkg, e.Elapsed)
}

// report prints the account and tells whether all is well.
func (s *summary) report() bool {
	var passed, failed, skipped int
	reasons := map[string][]string{}
	for _, k := range s.order {
		v := s.verdict[k]
		switch {
		case k.test == "":
			if v == "fail" && !s.failedWithin(k.pkg, "") {
				failed++
				s.tell(k)
				s.tellUnfinished(k.pkg)
			}
		case s.parent[k] && (v != "fail" || s.failedWithin(k.pkg, k.test+"/")):
			// its subtests are counted
		case v == "pass":
			passed++
		case v == "skip":
			skipped++
			why := s.reason(k)
			reasons[why] = append(reasons[why], short(k))
		default:
			failed++
			s.tell(k)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(s.running)) {
		if s.running[pkg] > 0 {
			failed++
			fmt.Fprintf(s.w, "\n--- %s ended without a verdict\n", pkg)
		}
	}
	if len(s.stray) > 0 {
		fmt.Fprintf(s.w, "\n%s", strings.Join(s.stray, ""))
	}
	var whys []string
	for why := range reasons {
		whys = append(whys, why)
	}
	slices.Sort(whys)
	for _, why := range whys {
		fmt.Fprintf(s.w, "\nskipped because %s:\n    %s\n", why, strings.Join(reasons[why], "\n    "))
	}
	if passed+failed+skipped == 0 {
		fmt.Fprintln(s.w, "no test ran")
		failed = 1
	}
	s.slowest(5)
	fmt.Fprintf(s.w, "\nin %v\n%d passed, %d failed, %d skipped\n", time.Since(s.start).Round(time.Second), passed, failed, skipped)
	return failed == 0
}

// slowest names the tests that took longest, of those that took seconds: whoever
// adds one sees what it costs.
func (s *summary) slowest(n int) {
	keys := slices.SortedFunc(maps.Keys(s.elapsed), func(a, b key) int { return cmp.Compare(s.elapsed[b], s.elapsed[a]) })
	var said []string
	for _, k := range keys {
		if len(said) == n || s.elapsed[k] < 2 {
			break
		}
		if !s.parent[k] {
			said = append(said, fmt.Sprintf("%s %.0fs", short(k), s.elapsed[k]))
		}
	}
	if len(said) > 0 {
		fmt.Fprintf(s.w, "\nslowest: %s\n", strings.Join(said, ", "))
	}
}

// failedWithin tells whether a test of the package whose name has the prefix
// failed.
func (s *summary) failedWithin(pkg, prefix string) bool {
	for k, v := range s.verdict {
		if k.pkg == pkg && k.test != "" && v == "fail" && strings.HasPrefix(k.test, prefix) {
			return true
		}
	}
	return false
}

func (s *summary) tell(k key) {
	fmt.Fprintf(s.w, "\n--- FAIL: %s\n", short(k))
	for _, line := range s.output[k] {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(s.w, line)
		}
	}
}

// tellUnfinished tells what those tests of a package said that have no verdict: one
// of them may have ended the process.
func (s *summary) tellUnfinished(pkg string) {
	for _, k := range slices.SortedFunc(maps.Keys(s.output), func(a, b key) int { return strings.Compare(a.test, b.test) }) {
		if k.pkg == pkg && k.test != "" && s.verdict[k] == "" {
			s.tell(k)
		}
	}
}

// reason is what t.Skip was given: "    file.go:12: reason".
func (s *summary) reason(k key) string {
	for _, line := range s.output[k] {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if _, why, ok := strings.Cut(line, ".go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return why
		}
		if line != "" {
			return line
		}
	}
	return "no reason was given"
}

func short(k key) string {
	pkg := strings.TrimPrefix(strings.TrimPrefix(k.pkg, "github.com/weft-sdn/weft"), "/")
	if k.test == "" {
		return pkg
	}
	return strings.TrimSpace(pkg + " " + k.test)
}
