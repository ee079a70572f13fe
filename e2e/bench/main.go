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
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *only, *which); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only, which string) error {
	re, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	show := func(l string) { fmt.Println(l) }
	return errors.Join(daemons(ctx, re, strings.Split(which, ","), show), goBenchmarks(ctx, re, show))
}
