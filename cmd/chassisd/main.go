// Command chassisd is the agent of one hypervisor.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"github.com/weft-sdn/weft/chassisd"
	"github.com/weft-sdn/weft/process"
)

func main() {
	runtime.MemProfileRate = 0 // nobody can ask for a profile, whose tables are a megabyte
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chassisd:", err)
		os.Exit(1)
	}
}

// gcPercent is for process.CollectAt once the agent has started. Most of what it
// holds then stays, and is collected beside its work.
const gcPercent = 30

func release() { process.CollectAt(gcPercent) }

// flags are the command line.
type flags struct {
	ovs, runDir, systemID, etcd, admin, level, aclLog string
	ca, cert, key                                     string
	cleanup                                           bool
}

func command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "chassisd",
		Short: "Run the agent of one hypervisor",
		Long: "chassisd reads its configuration from external_ids of the Open_vSwitch row, as OVN's controller does.\n" +
			"It leaves flows, tunnels and its records in place when it stops; --cleanup takes them away.\n" +
			"The environment variable GOGC says how much garbage may lie about, in percent of what is in use (100 while it starts, then 30).",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
	rundir := "/run/openvswitch"
	if d := os.Getenv("OVS_RUNDIR"); d != "" {
		rundir = d
	}
	fl := cmd.Flags()
	fl.StringVar(&f.ovs, "ovs", "unix:"+rundir+"/db.sock", "address of the local Open_vSwitch database")
	fl.StringVar(&f.runDir, "ovs-rundir", rundir, "where the bridge's management socket is")
	fl.StringVar(&f.systemID, "system-id", "", "name of the chassis; overrides the file system-id-override and external_ids:system-id")
	fl.StringVar(&f.etcd, "etcd", "", "etcd endpoints, comma separated; overrides external_ids:ovn-remote")
	fl.StringVar(&f.admin, "admin", "unix:/run/weft/chassisd.sock", "admin socket, unix:PATH or HOST:PORT; empty for none")
	fl.StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	fl.StringVar(&f.aclLog, "acl-log", "", "file that gets a line for each packet that an ACL logs, as OVN's controller writes it; empty for standard error")
	fl.StringVar(&f.ca, "etcd-ca", "", "file with the certificate authority of etcd")
	fl.StringVar(&f.cert, "etcd-cert", "", "file with this chassis's certificate for etcd")
	fl.StringVar(&f.key, "etcd-key", "", "file with its key")
	fl.BoolVar(&f.cleanup, "cleanup", false, "remove this chassis's records, claims and tunnels, then exit")
	return cmd
}

func run(ctx context.Context, f flags) error {
	log, err := logger(f.level)
	if err != nil {
		return err
	}
	process.LimitMemory(log)
	tlsConfig, err := f.tls()
	if err != nil {
		return err
	}
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	if f.systemID == "" {
		f.systemID = override()
	}
	a := chassisd.New(chassisd.Config{
		OVS: f.ovs, RunDir: f.runDir, SystemID: f.systemID, Etcd: f.etcd, Hostname: hostname, TLS: tlsConfig, Log: log, ACLLog: f.aclLog,
		Check: os.Getenv("WEFT_CHECK") == "1", Version: version(),
		Release: release,
		Started: func() { notify(log, daemon.SdNotifyReady) },
	})
	if f.cleanup {
		return a.Cleanup(ctx)
	}
	if f.admin != "" {
		if err := a.Serve(ctx, f.admin); err != nil {
			return err
		}
	}
	err = a.Run(ctx)
	notify(log, daemon.SdNotifyStopping)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func logger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	return slog.New(process.LimitLog(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l}), process.LogLines)), nil
}

func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("sd_notify", "err", err)
	}
}

// override reads the file by which a chassis's name can be set on a machine
// whose database is shared.
func override() string {
	dir := os.Getenv("OVN_SYSCONFDIR")
	if dir == "" {
		dir = "/etc/ovn"
	}
	b, err := os.ReadFile(filepath.Join(dir, "system-id-override"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (f flags) tls() (*tls.Config, error) {
	if f.ca == "" && f.cert == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("--etcd-ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--etcd-ca: %s holds no certificate", f.ca)
		}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("--etcd-cert: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return v
}
