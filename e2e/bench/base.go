package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// today is the build that goals of the kind "0.6x of today's" are about.
const today = "75ea3bf"

// runs is how often ours and the older build are measured where there is one.
const runs = 5

// baseline is an older commit with its programs.
type baseline struct {
	dir   string // holds everything, and goes at the end
	src   string // a work tree
	bin   string
	today bool
}

// build checks the commit out into a work tree of its own and builds its
// programs. The caller removes it.
func build(ctx context.Context, commit string) (_ *baseline, err error) {
	dir, err := os.MkdirTemp("", "weft-base-")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	b := &baseline{dir: dir, src: filepath.Join(dir, "src"), bin: filepath.Join(dir, "bin")}
	defer func() {
		if err != nil {
			_ = b.remove() // what went wrong before says more
		}
	}()
	hash, err := command(ctx, "", "git", "rev-parse", "--verify", "--end-of-options", commit+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("bench: %q is no commit of this repository: %w", commit, err)
	}
	hash = strings.TrimSpace(hash)
	b.today = strings.HasPrefix(hash, today)
	if _, err := command(ctx, "", "git", "worktree", "add", "--detach", b.src, hash); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	if _, err := command(ctx, b.src, "go", "build", "-o", b.bin+"/", "./cmd/..."); err != nil {
		return nil, fmt.Errorf("bench: build of %s: %w", commit, err)
	}
	return b, nil
}

// remove takes the work tree and the programs away.
func (b *baseline) remove() error {
	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	// git forgets a work tree whose directory is gone.
	_, err := command(context.Background(), "", "git", "worktree", "prune")
	return err
}

// command runs a program in a directory, "" for the current one, and returns
// what it prints.
func command(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), err
}
