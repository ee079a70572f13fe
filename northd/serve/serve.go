package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
	"github.com/weft-sdn/weft/store/etcd"
	"github.com/weft-sdn/weft/store/leader"
)

// Config says how the daemon runs.
type Config struct {
	// Name tells this northd from others, in the leader key and in logs.
	Name string
	// Etcd is "embedded", or the client URLs of a cluster, comma separated.
	Etcd string
	// DataDir is where the embedded etcd keeps its data.
	DataDir string
	// EtcdListen are the client URLs of the embedded etcd, comma separated.
	EtcdListen string
	// EtcdAdvertise is what agents that ask the Southbound database are told;
	// "" tells them Etcd, or where the embedded one listens.
	EtcdAdvertise string
	// NBListen and SBListen are passive OVSDB remotes, comma separated.
	NBListen, SBListen string
	// MaxConnections and MaxPerAddress bound the OVSDB connections to each
	// database: see ovsdb.Config.
	MaxConnections, MaxPerAddress int
	// Admin is where the gRPC admin API is served: "unix:PATH" or "HOST:PORT".
	Admin string
	// Check compares every compilation with one from nothing.
	Check   bool
	Version string
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
	// Ready, if set, is called when this northd serves for the first time,
	// if only those who read: somebody else leads then.
	Ready func()
}

// Server is a northd.
type Server struct {
	proto.UnimplementedAdminServer
	cfg   Config
	log   *slog.Logger
	board *board
	admin *admin.Server
	// readers are the places of those who read either database for clients.
	readers *store.Readers
	// elsewhere has the newest term that is not this northd's.
	elsewhere latest
	past      *past
	serves    func() // calls Config.Ready, once

	mu  sync.Mutex
	dbs []database // guarded by mu: those that are open
}

type database struct {
	name string
	db   *store.DB
}

func (s *Server) databases() []database {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dbs
}

func (s *Server) setDatabases(dbs ...database) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dbs = dbs
}

// Run serves until ctx ends or something fails for good: an address that is
// taken, an embedded etcd that does not start.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, log: cfg.Log, board: newBoard(), readers: store.NewReaders(0), elsewhere: make(latest, 1)}
	var err error
	if s.admin, err = admin.Listen(cfg.Admin, s); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	adminDone := make(chan error, 1)
	go func() { adminDone <- s.admin.Serve(ctx) }()
	defer func() { cancel(); <-adminDone }()

	nbListeners, err := listenAll(cfg.NBListen)
	if err != nil {
		return err
	}
	defer closeAll(nbListeners)
	sbListeners, err := listenAll(cfg.SBListen)
	if err != nil {
		return err
	}
	defer closeAll(sbListeners)
	for _, l := range append(append([]net.Listener{}, nbListeners...), sbListeners...) {
		s.log.Info("listening", "address", l.Addr().String())
	}

	client, endpoints, stop, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer stop()
	candidate, err := leader.NewCandidate(leader.Config{
		Client: client, Name: cfg.Name, Log: s.log,
		Observe: func(name string, term int64) {
			s.board.set("leader", proto.State_STATE_OK, "", "role", "standby", "leader", name)
			s.elsewhere.put(otherTerm{term: term, self: name == cfg.Name})
		},
	})
	if err != nil {
		return err
	}
	s.past = &past{etcd: client}
	if c := client.ActiveConnection(); c != nil { // none where etcd is embedded
		go s.past.connection(ctx, c)
	}
	front := newFront(s, nbListeners, sbListeners)
	s.serves = sync.OnceFunc(func() {
		if cfg.Ready != nil {
			cfg.Ready()
		}
	})
	defer func() { front.close() }()
	for {
		err := s.attend(ctx, candidate, client, endpoints, front)
		if ctx.Err() != nil {
			return nil
		}
		s.admin.SetServing(false)
		s.board.fail("leader", err)
		s.log.Warn("begins anew, as a standby", "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryDelay):
		}
	}
}

// connect starts the embedded etcd or dials the cluster, and returns the
// client and the endpoints that agents can use.
func (s *Server) connect(ctx context.Context) (*clientv3.Client, []string, func(), error) {
	var client *clientv3.Client
	var endpoints []string
	var stop func()
	if s.cfg.Etcd == "embedded" || s.cfg.Etcd == "" {
		srv, err := etcd.Start(ctx, etcd.Options{
			Dir: filepath.Join(s.cfg.DataDir, "etcd"), Listen: splitList(s.cfg.EtcdListen), Log: s.log,
		})
		if err != nil {
			return nil, nil, nil, err
		}
		client, endpoints, stop = srv.Client, srv.Endpoints(), func() { srv.Close() }
		s.log.Info("embedded etcd serves", "endpoints", strings.Join(endpoints, ","))
	} else {
		endpoints = splitList(s.cfg.Etcd)
		c, err := etcd.Dial(endpoints, nil, s.log)
		if err != nil {
			return nil, nil, nil, err
		}
		client, stop = c, func() { c.Close() }
	}
	if s.cfg.EtcdAdvertise != "" {
		endpoints = splitList(s.cfg.EtcdAdvertise)
	}
	return client, endpoints, stop, nil
}

func splitList(s string) []string {
	var out []string
	for e := range strings.SplitSeq(s, ",") {
		if e = strings.TrimSpace(e); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// attend opens the databases, stands by until a term is won, and leads until
// that is lost.
func (s *Server) attend(ctx context.Context, candidate *leader.Candidate, client *clientv3.Client, endpoints []string, f *front) error {
	if err := s.awaitForm(ctx, client); err != nil {
		return err
	}
	epoch, err := s.past.begin(ctx)
	if err != nil {
		return err
	}
	compilers := make(chan *northd.Compiler, 1)
	go func() { compilers <- northd.New(northd.Options{}) }()
	ctx, cancel := context.WithCancelCause(ctx)
	go s.past.guard(ctx, cancel)
	s.elsewhere.empty()
	t := campaign(ctx, candidate)
	defer func() { cancel(nil); t.end() }()
	limits, remembered, err := s.limits(ctx, client)
	if err != nil {
		return err
	}
	owners := newOwners()
	northbound, southbound, err := openBoth(ctx, store.Config{Client: client, Guard: t.guard, Epoch: epoch.ID, Seen: s.past.saw, Limits: store.Limits(limits), Readers: s.readers, Log: s.log, Now: s.cfg.Now}, owners)
	if err != nil {
		return err
	}
	defer northbound.Close()
	defer southbound.Close()
	if err := s.past.look(ctx); err != nil { // it remembers all that was read now
		return err
	}
	s.setDatabases(database{"northbound", northbound}, database{"southbound", southbound})
	defer s.setDatabases()

	compiler := <-compilers
	l := &leading{
		cfg: &s.cfg, log: s.log, etcd: client, tenure: t, nb: northbound, sb: southbound, board: s.board, elsewhere: s.elsewhere,
		compiler: compiler, agents: newAgents(sb.Schema(), s.log, s.cfg.Now), owners: owners,
		out: newOutput(compiler.OutputTables()), writeback: newWriteback(northbound, s.log, s.cfg.Now),
		presented: map[rowID]bool{}, given: map[rowID]bool{}, leftOut: map[rowID]bool{}, claims: map[schema.UUID]northd.Claim{}, endpoints: endpoints,
		numbers: map[schema.UUID]schema.Row{}, kept: map[*schema.Table]bool{},
		refused: func() {}, sick: func() { s.admin.SetServing(false) }, silence: s.past.silence, saw: s.past.saw, sure: s.past.look,
	}
	l.rank = func(r rank) error {
		r.index = s.past.index(r.term)
		if err := f.rank(ctx, northbound, southbound, r); err != nil {
			return err
		}
		s.admin.SetServing(true)
		s.serves()
		return nil
	}
	l.lead = func(term *leader.Term) error {
		go func() {
			select {
			case <-term.Lost():
				cancel(errors.New("serve: leadership was lost"))
			case <-ctx.Done():
			}
		}()
		s.board.ok("leader", "role", "leader", "name", s.cfg.Name, "term", fmt.Sprint(term.Rev()))
		t.begin(term)
		l.refused = s.doubt(ctx, client, term.Guard, limits, remembered, cancel)
		return s.carryForward(ctx, northbound, southbound)
	}
	defer func() { s.admin.SetServing(false); f.shut() }()
	err = l.run(ctx)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// nbPrefix is where the Northbound database lies.
const nbPrefix = "/weft/nb/"

// otherTerm is a term that is not this northd's.
type otherTerm struct {
	term int64
	self bool // of a northd of the same name: what this one was before it died
}

// latest is a channel with room for one: a later value takes the place of an
// earlier one. One goroutine puts.
type latest chan otherTerm

func (n latest) put(v otherTerm) {
	n.empty()
	n <- v
}

func (n latest) empty() {
	select {
	case <-n:
	default:
	}
}

// openBoth opens the two databases at the same time.
func openBoth(ctx context.Context, common store.Config, owners *owners) (northbound, southbound *store.DB, err error) {
	nbCfg, sbCfg := common, common
	nbCfg.Schema, nbCfg.Prefix = nb.Schema(), nbPrefix
	sbCfg.Schema, sbCfg.Prefix, sbCfg.Authorize = sb.Schema(), sb.Prefix, owners.authorize
	sbCfg.Records = sb.RecordsPath
	sbCfg.Virtual = map[string]store.Virtual{"Logical_Flow": {Path: sb.FlowsPath, Owners: "Logical_DP_Group", Expand: expandFlows}}
	var group sync.WaitGroup
	var nbErr, sbErr error
	group.Go(func() { northbound, nbErr = store.Open(ctx, nbCfg) })
	group.Go(func() { southbound, sbErr = store.Open(ctx, sbCfg) })
	group.Wait()
	if err = errors.Join(nbErr, sbErr); err == nil {
		return northbound, southbound, nil
	}
	for _, db := range []*store.DB{northbound, southbound} {
		if db != nil {
			db.Close()
		}
	}
	return nil, nil, err
}
