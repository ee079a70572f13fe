package northd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFeaturesCanGo: without a feature's package and its lines in the plan
// everything builds, tests too.
func TestFeaturesCanGo(t *testing.T) {
	for _, feature := range []string{"sampling", "meters", "staticroute"} {
		t.Run(feature, func(t *testing.T) {
			overlay := without(t, feature)
			for _, args := range [][]string{
				{"build", "-overlay", overlay, "-o", os.DevNull, "../cmd/northd"},
				{"vet", "-overlay", overlay, ".", "./serve"},
			} {
				if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
					t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
		})
	}
}

// without returns an overlay for the go command in which a feature is gone.
func without(t *testing.T, feature string) string {
	t.Helper()
	plan, err := os.ReadFile("plan.go")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	gone := 0
	for line := range strings.SplitSeq(string(plan), "\n") {
		if strings.Contains(line, feature+".New(") || strings.HasSuffix(line, "/northd/"+feature+`"`) {
			gone++
			continue
		}
		left = append(left, line)
	}
	if gone != 2 {
		t.Fatalf("plan.go has %d lines of %s, not an import and a call", gone, feature)
	}
	dir := t.TempDir()
	replaced := filepath.Join(dir, "plan.go")
	if err := os.WriteFile(replaced, []byte(strings.Join(left, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{absolute(t, "plan.go"): replaced}
	all, err := filepath.Glob(feature + "/*.go")
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, f := range all {
		files[absolute(t, f)] = "" // is not there
	}
	text, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return overlay
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
