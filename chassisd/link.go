package chassisd

import (
	"context"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/ledger"
	"github.com/weft-sdn/weft/chassisd/remote"
	"github.com/weft-sdn/weft/chassisd/view"
)

// link is the connection to etcd.
type link struct {
	client    *clientv3.Client
	endpoints []string
	view      *view.View
}

// finder asks an OVSDB server where etcd is, beside the agent.
type finder struct {
	servers []string
	out     chan found
	cancel  context.CancelFunc
}

type found struct {
	endpoints []string
	err       error
}

func (f *finder) answers() <-chan found {
	if f == nil {
		return nil
	}
	return f.out
}

// connect finds out where etcd is, connects, and follows when that changes.
func (a *Agent) connect(ctx context.Context) {
	endpoints, servers, probs := config.Remotes(a.conf.Remote)
	if a.cfg.Etcd != "" {
		endpoints, servers, probs = config.Endpoints(a.cfg.Etcd), nil, nil
	}
	a.probs = append(a.probs, probs...)
	switch {
	case len(endpoints) > 0:
		a.find(ctx, nil)
		a.use(ctx, endpoints)
	case len(servers) > 0:
		a.find(ctx, servers)
	default:
		a.find(ctx, nil)
		a.probs = append(a.probs, config.Problem{Key: "ovn-remote", Reason: "names neither etcd nor a Southbound database"})
	}
}

// find starts asking the servers, or stops it.
func (a *Agent) find(ctx context.Context, servers []string) {
	if a.finder != nil {
		if slices.Equal(a.finder.servers, servers) {
			return
		}
		a.finder.cancel()
		a.finder = nil
	}
	if len(servers) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &finder{servers: servers, out: make(chan found), cancel: cancel}
	a.finder = f
	a.start(ctx, "remote", func(ctx context.Context) error {
		// Asked again now and then: the endpoints may change.
		for wait := time.Second; ; {
			s, err := remote.Ask(ctx, servers, a.cfg.TLS)
			select {
			case f.out <- found{config.Endpoints(s), err}:
			case <-ctx.Done():
				return nil
			}
			if err == nil {
				wait = time.Minute
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return nil
			}
			wait = min(2*wait, time.Minute)
		}
	})
}

// found takes an answer of the finder.
func (a *Agent) found(ctx context.Context, f found) {
	if f.err != nil {
		a.errors.set("remote", []string{f.err.Error()})
		return
	}
	a.errors.set("remote", nil)
	a.use(ctx, f.endpoints)
}

// use connects to etcd at the endpoints. An agent that is connected goes over
// to other endpoints with what it has; the view finds out by itself whether
// they are another etcd's.
func (a *Agent) use(ctx context.Context, endpoints []string) {
	if a.link != nil {
		if !slices.Equal(a.link.endpoints, endpoints) {
			a.log.Info("etcd endpoints changed", "endpoints", strings.Join(endpoints, ","))
			a.link.client.SetEndpoints(endpoints...)
			a.link.endpoints = endpoints
		}
		return
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: endpoints, TLS: a.cfg.TLS, Context: ctx,
		Logger: zap.NewNop(), // what fails is told by the calls that fail
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			// gRPC would wait for two minutes after a long outage.
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		})},
		DialTimeout: 5 * time.Second, DialKeepAliveTime: 5 * time.Second, DialKeepAliveTimeout: 3 * time.Second,
	})
	if err != nil {
		a.errors.set("etcd", []string{err.Error()})
		return
	}
	a.errors.set("etcd", nil)
	a.records.ledger = ledger.New(ledger.Config{Client: client, Log: a.log, Counts: a.records.isClaim, Owns: a.records.owns})
	a.link = &link{client: client, endpoints: endpoints, view: view.New(view.Config{Client: client, Name: a.conf.Name, Log: a.log})}
	a.log.Info("etcd", "endpoints", strings.Join(endpoints, ","), "chassis", a.conf.Name)
	a.interest.asks = true
	a.askForFlows()
	a.start(ctx, "view", a.link.view.Run)
	a.start(ctx, "ledger", a.records.ledger.Run)
	a.start(ctx, "client", func(ctx context.Context) error {
		<-ctx.Done()
		return client.Close()
	})
}
