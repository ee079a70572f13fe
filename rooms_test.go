package weft_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What features of northd stand on, and what stands on them; every other
// package below northd is a feature.
var notFeatures = []string{"graph", "model", "pipeline", "northdtest", "serve"}

// maxRoom is how many lines a room of northd may have without its tests.
const maxRoom = 2500

// TestRooms: no room of northd is crowded, and no feature imports another:
// what they exchange are types of the model.
func TestRooms(t *testing.T) {
	dirs, err := filepath.Glob("northd/*")
	if err != nil {
		t.Fatal(err)
	}
	features := 0
	for _, dir := range append(dirs, "northd") {
		got := imports(t, dir)
		name := filepath.Base(dir)
		if got == nil || name == "serve" {
			continue
		}
		if n := lines(t, dir); n > maxRoom {
			t.Errorf("%s has %d lines; a room has %d at most", dir, n, maxRoom)
		}
		if dir == "northd" || slices.Contains(notFeatures, name) {
			continue
		}
		features++
		for imp, file := range got {
			if other, ok := strings.CutPrefix(imp, "northd/"); ok && !slices.Contains(notFeatures, other) {
				t.Errorf("%s: feature %s imports feature %s", file, name, other)
			}
		}
	}
	if features < 6 {
		t.Fatalf("saw only %d features", features)
	}
}

// lines counts those of a directory's Go files, without tests.
func lines(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(b, []byte("\n"))
	}
	return n
}
