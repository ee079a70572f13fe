// Command weft-etcd is an etcd server, a single member, with the limits that
// weft likes to have: for one machine, for tests, and where northd is to be
// restarted apart from its database.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/weft-sdn/weft/process"
	"github.com/weft-sdn/weft/store/etcd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "weft-etcd:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var dir, listen string
	cmd := &cobra.Command{
		Use:           "weft-etcd",
		Short:         "Run an etcd server with weft's limits",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			slog.SetDefault(slog.New(process.LimitLog(slog.NewTextHandler(os.Stderr, nil), process.LogLines)))
			process.LimitMemory(slog.Default())
			go process.GiveBack(ctx)
			s, err := etcd.Start(ctx, etcd.Options{Dir: dir, Listen: strings.Split(listen, ","), Log: slog.Default()})
			if err != nil {
				return err
			}
			slog.Info("etcd serves", "endpoints", strings.Join(s.Endpoints(), ","), "data", dir)
			if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
				slog.Warn("sd_notify", "err", err)
			}
			select {
			case <-ctx.Done():
			case err = <-s.Failed():
			}
			closed := make(chan error, 1)
			go func() { closed <- s.Close() }()
			select {
			case cerr := <-closed:
				return errOr(err, cerr)
			case <-time.After(stopPatience):
				return err // clients still watch; the data is on disk
			}
		},
	}
	cmd.Flags().StringVar(&dir, "data-dir", "/var/lib/weft/etcd", "where the data lies; made if missing")
	cmd.Flags().StringVar(&listen, "listen", "http://127.0.0.1:2379", "client URLs to serve, comma separated (http://HOST:PORT or unix:///PATH)")
	return cmd
}

// stopPatience is how long watching clients may take to leave.
const stopPatience = time.Second

func errOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
