package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// config is what tests run with.
func config(t *testing.T) Config {
	t.Helper()
	b, err := BackendFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if why := Missing(b); why != "" {
		t.Skip(why)
	}
	c := Config{Backend: b, Base: os.Getenv("E2E_BASE"), Check: os.Getenv("WEFT_CHECK") != "0"}
	if b.Name() == "weft" {
		if c.Bin, err = Build(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestScenarios runs the scenario files in testdata, or those that E2E_SCRIPTS
// names: a directory (all below it) or a file.
func TestScenarios(t *testing.T) {
	dir := os.Getenv("E2E_SCRIPTS")
	if dir == "" {
		dir = "testdata"
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".txtar", ".txt"}, filepath.Ext(path)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no .txtar or .txt files in %s", dir)
	}
	RunScripts(t, config(t), files)
}
