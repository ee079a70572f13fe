package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	only := flag.String("only", "", "run the tests whose name fits this regular expression, and show all that failures say")
	dir := flag.String("dir", "scripts/compat", "where the suites are")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *dir, *only); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}

// suites are the names of modules for_NAME.py.
var suites = []string{"ovsdbapp", "kube_ovn"}

func run(ctx context.Context, dir, only string) error {
	if _, err := regexp.Compile(only); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("namespaces need root")
	}
	ok, ran := true, 0
	for _, name := range suites {
		s := &suite{name: name, dir: dir, only: only}
		if err := s.list(ctx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		stock, weft, err := s.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r := compare(name, stock, weft, differences, only == "")
		r.title = fmt.Sprintf("%s %s, tests %s", name, s.listed.Version, s.listed.What)
		r.left = s.listed.Left
		fmt.Print(r.text(only != ""))
		ok = ok && r.ok()
		ran += r.all
	}
	switch {
	case !ok:
		return errors.New("not all that passes with stock passes with weft as well, or differences is not right")
	case ran == 0:
		return errors.New("no test ran")
	}
	return nil
}

// lastLine is what a traceback comes to.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
