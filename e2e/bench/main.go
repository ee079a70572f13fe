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
	only := flag.String("only", "", "run the benchmarks whose name fits this regular expression")
	which := flag.String("sides", "weft,ovn", "systems to measure")
	commit := flag.String("base", "", "measure the build of this commit too, as base=")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *only, *which, *commit); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only, which, commit string) (err error) {
	re, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	show := func(l string) { fmt.Println(l) }
	var old *baseline
	if commit != "" {
		if old, err = build(ctx, commit); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, old.remove()) }()
		show(fmt.Sprintf("# base is %s; of it and of ours the median of %d runs each, in turn", commit, runs))
	}
	return errors.Join(daemons(ctx, re, strings.Split(which, ","), old, show), goBenchmarks(ctx, re, old, show))
}
