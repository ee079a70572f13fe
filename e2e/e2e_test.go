package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
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
	c := Config{Backend: b, Base: os.Getenv("E2E_BASE"), Check: os.Getenv("WEFT_CHECK") != "0",
		Limit: time.Duration(number(t, "E2E_MINUTES", 0)) * time.Minute}
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
	files, err := scenarioFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no .txtar or .txt files in %s", dir)
	}
	runShard(t, files)
}

// TestClaims runs the scenario files outside of the project that claims.txt says
// it passes.
func TestClaims(t *testing.T) {
	dir := os.Getenv("E2E_SHARED")
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(filepath.Dir(root), "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not there (E2E_SHARED says another place): the claimed scenarios are not run", dir)
	}
	names, err := claims("claims.txt")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, name := range names {
		files = append(files, filepath.Join(dir, name))
	}
	runShard(t, files)
}

// runShard runs those of the files that fall to this process.
func runShard(t *testing.T, files []string) {
	t.Helper()
	mine, err := shard(files, os.Getenv("E2E_SHARD"))
	if err != nil {
		t.Fatal(err)
	}
	if len(mine) == 0 {
		return
	}
	c := config(t)
	rest, err := Load(number(t, "E2E_LOAD", 0))
	if err != nil {
		t.Fatal(err)
	}
	defer rest()
	for i, times := 1, number(t, "E2E_TIMES", 1); i <= times; i++ {
		if times == 1 {
			RunScripts(t, c, mine)
		} else {
			t.Run(strconv.Itoa(i), func(t *testing.T) { RunScripts(t, c, mine) })
		}
	}
}

// number is a number of the environment.
func number(t *testing.T, name string, unset int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is %q, not a number", name, text)
	}
	return n
}

func TestShard(t *testing.T) {
	files := []string{"a", "b", "c", "d", "e"}
	for _, tt := range []struct {
		which string
		want  []string
	}{
		{"", files}, {"1/1", files}, {"1/2", []string{"a", "c", "e"}}, {"2/2", []string{"b", "d"}}, {"6/6", nil},
	} {
		if got, err := shard(files, tt.which); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, %v; want %v", tt.which, got, err, tt.want)
		}
	}
	for _, which := range []string{"0/2", "3/2", "1", "x/y", "1/0"} {
		if got, err := shard(files, which); err == nil {
			t.Errorf("%q is no error but %v", which, got)
		}
	}
}
