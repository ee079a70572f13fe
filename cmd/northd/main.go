// Command northd serves OVN's databases on etcd and compiles the Northbound
// into the Southbound.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/weft-sdn/weft/northd/serve"
	"github.com/weft-sdn/weft/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "northd:", err)
		os.Exit(1)
	}
}

// startHeap is allocated and never touched until everything there is has been
// compiled: until then nearly all that is allocated stays, and the collector,
// which waits for the heap to double, would look through it again and again. It
// takes no memory, but lets twice as much be used before the first collection,
// which comes when it is let go: what the start has left (finding the limits of
// an etcd that is new takes some 200 MB) goes back to the system.
const startHeap = 256 << 20

// spareHeap is allocated and never touched either, as long as northd runs: one that
// holds little would else collect for each large transaction. It lets half of it more
// garbage lie about.
const spareHeap = 16 << 20

// gcPercent is for process.CollectAt once everything has been compiled.
const gcPercent = 50

func command() *cobra.Command {
	var cfg serve.Config
	var level string
	cmd := &cobra.Command{
		Use:   "northd",
		Short: "Serve OVN's databases on etcd and compile intent into logical flows",
		Long: "northd serves the OVN Northbound and Southbound databases (RFC 7047) on etcd and\n" +
			"compiles the one into the other. Several may run on one etcd: one leads, the others\n" +
			"follow it, serve who reads, and take over. WEFT_CHECK=1 in the environment compares\n" +
			"every compilation with one from nothing. GOGC says how much garbage may lie about, in\n" +
			"percent of what is in use (100 until everything has been compiled, then 50).",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var l slog.Level
			if err := l.UnmarshalText([]byte(level)); err != nil {
				return fmt.Errorf("--log-level: %w", err)
			}
			cfg.Log = slog.New(process.LimitLog(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l}), process.LogLines))
			cfg.Check = os.Getenv("WEFT_CHECK") == "1"
			cfg.Version = version()
			process.LimitMemory(cfg.Log)
			go process.GiveBack(cmd.Context())
			start, spare := make([]byte, startHeap), make([]byte, spareHeap)
			defer runtime.KeepAlive(spare)
			cfg.Ready = func() {
				runtime.KeepAlive(start)
				start = nil
				go process.CollectAt(gcPercent)
				if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
					cfg.Log.Warn("sd_notify", "err", err)
				}
			}
			return serve.Run(cmd.Context(), cfg)
		},
	}
	host, err := os.Hostname()
	if err != nil {
		host = "northd"
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Name, "name", host, "name of this northd, another for each on one etcd")
	f.StringVar(&cfg.Etcd, "etcd", "embedded", `"embedded", or client URLs of an etcd cluster, comma separated`)
	f.StringVar(&cfg.DataDir, "data-dir", "/var/lib/weft", "where the embedded etcd keeps its data")
	f.StringVar(&cfg.EtcdListen, "etcd-listen", "http://127.0.0.1:2379", "client URLs of the embedded etcd, comma separated")
	f.StringVar(&cfg.EtcdAdvertise, "etcd-advertise", "", "etcd URLs that agents are told by the Southbound database (default: those of --etcd, or where the embedded one listens)")
	f.StringVar(&cfg.NBListen, "nb-listen", "punix:/run/weft/nb.sock,ptcp:6641", "where the Northbound database is served: punix:PATH, ptcp:PORT[:IP], comma separated; without an IP only this machine can connect, with 0.0.0.0 or [::] anybody")
	f.StringVar(&cfg.SBListen, "sb-listen", "punix:/run/weft/sb.sock,ptcp:6642", "where the Southbound database is served")
	f.IntVar(&cfg.MaxConnections, "max-connections", 8192, "OVSDB connections at a time, for each database")
	f.IntVar(&cfg.MaxPerAddress, "max-connections-per-address", 2048, "those of one IP address")
	f.StringVar(&cfg.Admin, "admin", "unix:/run/weft/northd.sock", "where the admin API is served: unix:PATH or HOST:PORT")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return cmd
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}
