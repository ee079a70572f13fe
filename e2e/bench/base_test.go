package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

func TestLineWithBase(t *testing.T) {
	ms := func(n int) *figure { return seconds(time.Duration(n) * time.Millisecond) }
	keys := func(n float64) *figure { return &figure{n, "keys"} }
	now, other := &baseline{today: true}, &baseline{}
	tests := []struct {
		c    columns
		goal goal
		old  *baseline
		want string
	}{
		{columns{ms(10), ms(20), ms(30)}, goal{ratio: 1}, nil, "bench x ours=10.0ms peer=20.0ms ratio=0.500 goal=<=1x met"},
		{columns{ms(10), ms(20), ms(10)}, goal{ratio: 1}, other, "bench x ours=10.0ms peer=20.0ms base=10.0ms ratio=0.500 goal=<=1x,<=1.1base met"},
		{columns{ms(12), ms(20), ms(10)}, goal{ratio: 1}, other, "bench x ours=12.0ms peer=20.0ms base=10.0ms ratio=0.600 goal=<=1x,<=1.1base short"},
		{columns{ms(22), ms(20), ms(30)}, goal{ratio: 1}, other, "bench x ours=22.0ms peer=20.0ms base=30.0ms ratio=1.100 goal=<=1x,<=1.1base short"},
		{columns{ms(10), ms(20), ms(10)}, goal{ratio: 1, base: 0.6}, other, "bench x ours=10.0ms peer=20.0ms base=10.0ms ratio=0.500 goal=<=1x,<=1.1base met"},
		{columns{ms(10), ms(20), ms(10)}, goal{ratio: 1, base: 0.6}, now, "bench x ours=10.0ms peer=20.0ms base=10.0ms ratio=0.500 goal=<=1x,<=0.6base short"},
		{columns{ms(6), ms(20), ms(10)}, goal{ratio: 1, base: 0.6}, now, "bench x ours=6.0ms peer=20.0ms base=10.0ms ratio=0.300 goal=<=1x,<=0.6base met"},
		{columns{ms(6), ms(20), ms(10)}, goal{ratio: 1, base: 0.6}, nil, "bench x ours=6.0ms peer=20.0ms ratio=0.300 goal=<=1x met"},
		{columns{keys(9), nil, keys(9)}, goal{}, now, "bench x ours=9keys peer=- base=9keys ratio=- goal=<=1base met"},
		{columns{keys(10), nil, keys(9)}, goal{}, now, "bench x ours=10keys peer=- base=9keys ratio=- goal=<=1base short"},
		{columns{keys(10), nil, nil}, goal{}, now, "bench x ours=10keys peer=- base=- ratio=- goal=<=1base missing"},
		{columns{nil, nil, keys(9)}, goal{}, now, "bench x ours=- peer=- base=9keys ratio=- goal=<=1base missing"},
	}
	for _, tt := range tests {
		if got := line("x", tt.c, tt.goal.against(tt.old, tt.c.unit())); got != tt.want {
			t.Errorf(" got %s\nwant %s", got, tt.want)
		}
	}
}

// Each of the two is measured five times, between the other's, and the first
// of a pair about as often as the second.
func TestTurns(t *testing.T) {
	weft, ovn := side{backend: e2e.Weft{}}, side{backend: e2e.OVN{}}
	tests := []struct {
		sides   [3]side
		packets bool
		want    []int
	}{
		{[3]side{}, false, nil},
		{[3]side{ours: weft}, false, []int{ours}},
		{[3]side{peer: ovn}, false, []int{peer}},
		{[3]side{ours: weft, peer: ovn}, false, []int{ours, peer}},
		{[3]side{ours: weft, peer: ovn, base: weft}, false, []int{ours, base, base, ours, ours, base, base, ours, ours, base, peer}},
		{[3]side{ours: weft, peer: ovn}, true, []int{ours, peer, ours, peer, ours, peer, ours, peer, ours, peer}},
	}
	for _, tt := range tests {
		if got := turns(tt.sides, tt.packets); !slices.Equal(got, tt.want) {
			t.Errorf("turns of %v = %v, want %v", tt.sides, got, tt.want)
		}
	}
}

func TestMedianOfRuns(t *testing.T) {
	got := results{}
	for _, n := range []float64{5, 1, 30, 2, 4} {
		got.add("x", ours, &figure{n, "ms"})
		got.add("x", base, &figure{2 * n, "ms"})
	}
	c := got.columns("x")
	if c.ours.value != 4 || c.base.value != 8 || c.peer != nil || c.unit() != "ms" {
		t.Errorf("ours %s, base %s, peer %s, want 4, 8 and none", c.ours, c.base, c.peer)
	}
	if c := got.columns("y"); c != (columns{}) {
		t.Errorf("what was not measured has figures: %v", c)
	}
}

func TestGoLinesWithBase(t *testing.T) {
	ours := medians(
		"BenchmarkAdd-2 10 110 ns/op 16 B/op 3 allocs/op\nBenchmarkNew-2 10 5 ns/op 0 B/op 1 allocs/op",
		"BenchmarkAdd-2 10 900 ns/op 16 B/op 3 allocs/op\nBenchmarkNew-2 10 5 ns/op 0 B/op 1 allocs/op",
		"BenchmarkAdd-2 10 90 ns/op 16 B/op 3 allocs/op\nBenchmarkNew-2 10 5 ns/op 0 B/op 1 allocs/op")
	older := medians("BenchmarkAdd-2 10 100 ns/op 16 B/op 2 allocs/op")
	got := goLines("incr", ours, older, &baseline{})
	want := []string{
		"bench go/incr/BenchmarkAdd:allocs/op ours=3allocs/op peer=- base=2allocs/op ratio=- goal=<=1base short",
		"bench go/incr/BenchmarkAdd:ns/op ours=110ns/op peer=- base=100ns/op ratio=- goal=<=1.1base met",
		"bench go/incr/BenchmarkNew ours=5ns/op peer=- ratio=- goal=- met",
	}
	if !slices.Equal(got, want) {
		t.Errorf(" got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// The programs are those of the commit, whatever the work tree holds, and
// nothing is left of it.
func TestBuild(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	write := func(word string) {
		t.Helper()
		for name, text := range map[string]string{"go.mod": "module x\n", "cmd/say/main.go": "package main\n\nfunc main() { println(\"" + word + "\") }\n"} {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	git("init", "-q")
	write("old")
	git("add", ".")
	git("commit", "-q", "-m", "old")
	write("new")

	b, err := build(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(b.bin, "say")).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "old" {
		t.Errorf("the program of the commit says %q, %v", out, err)
	}
	if b.today {
		t.Error("taken for today's build")
	}
	if err := b.remove(); err != nil {
		t.Fatal(err)
	}
	if list := strings.TrimSpace(git("worktree", "list")); strings.Contains(list, "\n") {
		t.Errorf("work trees are left:\n%s", list)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := build(t.Context(), "nosuch"); err == nil || !strings.Contains(err.Error(), "no commit") {
		t.Errorf("build of what is no commit: %v", err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left after an error: %v, %v", left, err)
	}
}
