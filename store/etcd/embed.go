package etcd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.uber.org/zap"
)

// Options say how an embedded member runs. Only Dir is required.
type Options struct {
	Dir string // data directory; made if missing
	// Listen holds the URLs for clients outside the process, "http://h:p" (port
	// 0 picks one) or "unix:///path"; none: a port of the loopback interface.
	Listen []string
	// Retention is how long etcd keeps old revisions; 0 means an hour.
	Retention time.Duration
	// NoSync leaves out fsync: for tests that measure or that throw the data
	// away. A crash of the machine then loses acknowledged writes.
	NoSync bool
	Log    *slog.Logger // nil: no log
}

// Server is an embedded member, the only one of its cluster.
type Server struct {
	// Client calls the member in the process, without sockets.
	Client *clientv3.Client
	etcd   *embed.Etcd
}

const (
	quotaBytes = 8 << 30 // the most that etcd takes without a warning
	// A lone member elects itself; nothing is won by waiting the usual second. With ticks
	// more often, ticking is most of what an idle member does.
	tickMs, electionMs = 50, 250
	startTimeout       = 60 * time.Second
	// What takes longer is warned of. A whole Southbound database written at
	// once does, by etcd's own limits, and each such warning spells out the
	// transaction: a fifth of what the write costs.
	slow = 5 * time.Second
)

// Start runs a member on o.Dir and returns when it can serve.
func Start(ctx context.Context, o Options) (*Server, error) {
	cfg, err := config(o)
	if err != nil {
		return nil, err
	}
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("etcd: start on %s: %w", o.Dir, err)
	}
	t := time.NewTimer(startTimeout)
	defer t.Stop()
	select {
	case <-e.Server.ReadyNotify():
		return &Server{Client: v3client.New(e.Server), etcd: e}, nil
	case err = <-e.Err():
	case <-t.C:
		err = errors.New("not ready in time")
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.Close()
	return nil, fmt.Errorf("etcd: start on %s: %w", o.Dir, err)
}

func config(o Options) (*embed.Config, error) {
	l := EmbeddedLimits()
	cfg := embed.NewConfig()
	cfg.Name = "weft"
	cfg.Dir = o.Dir
	cfg.TickMs, cfg.ElectionMs = tickMs, electionMs
	cfg.MaxTxnOps, cfg.MaxRequestBytes = uint(l.TxnOps), uint(l.RequestBytes)
	cfg.QuotaBackendBytes = quotaBytes
	cfg.UnsafeNoFsync = o.NoSync
	cfg.WarningApplyDuration, cfg.WarningUnaryRequestDuration = slow, slow
	cfg.EnableGRPCGateway = false
	cfg.StrictReconfigCheck = false
	retention := o.Retention
	if retention == 0 {
		retention = time.Hour
	}
	cfg.AutoCompactionMode, cfg.AutoCompactionRetention = embed.CompactorModePeriodic, retention.String()
	lg := zap.New(newLogCore(o.Log))
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(lg)

	listen := o.Listen
	if len(listen) == 0 {
		listen = []string{"http://127.0.0.1:0"}
	}
	var err error
	if cfg.ListenClientUrls, err = parseURLs(listen); err != nil {
		return nil, err
	}
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	// No peer ever comes; etcd insists on listening for one.
	peer := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = peer, peer
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return cfg, nil
}

func parseURLs(texts []string) ([]url.URL, error) {
	var urls []url.URL
	for _, t := range texts {
		u, err := url.Parse(t)
		if err != nil {
			return nil, fmt.Errorf("etcd: listen address: %w", err)
		}
		if u.Scheme != "http" && u.Scheme != "unix" {
			return nil, fmt.Errorf("etcd: listen address %q is neither http:// nor unix://", t)
		}
		urls = append(urls, *u)
	}
	return urls, nil
}

// Endpoints returns the URLs that clients outside the process can use, with
// the ports that were picked.
func (s *Server) Endpoints() []string {
	var out []string
	for _, l := range s.etcd.Clients {
		switch a := l.Addr().(type) {
		case *net.UnixAddr:
			out = append(out, "unix://"+a.Name)
		default:
			out = append(out, "http://"+a.String())
		}
	}
	return out
}

// Failed tells of an error that ended the member's service.
func (s *Server) Failed() <-chan error { return s.etcd.Err() }

// Close ends the in-process client and the member.
func (s *Server) Close() error {
	err := s.Client.Close()
	// The member first: while the server waits for clients to end their
	// watches it takes no renewals, and leases of the living would run out.
	s.etcd.Server.Stop()
	s.etcd.Close()
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("etcd: close: %w", err)
	}
	return nil
}
