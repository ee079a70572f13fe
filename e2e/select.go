package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// scenarioFiles are the scenario files of a directory and all below it, or the
// one file that is named, in the order of their names.
func scenarioFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".txtar", ".txt"}, filepath.Ext(path)) {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// claims reads a list of scenario files: a name a line, # begins a comment.
func claims(list string) ([]string, error) {
	b, err := os.ReadFile(list)
	if err != nil {
		return nil, fmt.Errorf("e2e: claims: %w", err)
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			names = append(names, line)
		}
	}
	return names, nil
}

// shard is the part I of N ("I/N", from 1) of a list: every Nth, so that
// neighbours, which are alike, are spread. All of it if nothing is asked for.
func shard(files []string, which string) ([]string, error) {
	if which == "" {
		return files, nil
	}
	var i, n int
	if _, err := fmt.Sscanf(which, "%d/%d", &i, &n); err != nil || i < 1 || i > n {
		return nil, fmt.Errorf("e2e: E2E_SHARD is %q, not I/N", which)
	}
	var mine []string
	for k := i - 1; k < len(files); k += n {
		mine = append(mine, files[k])
	}
	return mine, nil
}
