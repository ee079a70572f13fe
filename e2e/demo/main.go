package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

func main() {
	shell := flag.Bool("shell", false, "leave the network up and open a shell in it")
	ask := flag.String("call", "", "socket of a running sandbox: have it run a scenario line (used inside the shell)")
	flag.Parse()
	if *ask != "" {
		os.Exit(callMain(*ask, flag.Args()))
	}
	// Caught, not ignored: what is ignored stays ignored in the shell's children.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, *shell); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, shell bool) (err error) {
	b, err := e2e.BackendFromEnv()
	if err != nil {
		return err
	}
	if why := e2e.Missing(b); why != "" {
		return errors.New(why)
	}
	bin := ""
	if b.Name() == "weft" {
		if bin, err = e2e.Build(); err != nil {
			return err
		}
	}
	start := time.Now()
	s, err := e2e.New(e2e.Config{Backend: b, Bin: bin, Embedded: true})
	if err != nil {
		return err
	}
	t := &tour{s: s, ctx: ctx, start: start, quiet: shell}
	defer func() {
		if err != nil {
			fmt.Print(s.State())
		}
		t.step("Take everything down")
		err = errors.Join(err, s.Close(), t.nothingLeft())
	}()
	if err := t.build(); err != nil {
		return err
	}
	if shell {
		return t.shell()
	}
	return t.show()
}
