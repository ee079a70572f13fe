package serve

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/weft-sdn/weft/ovsdb"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// front is where OVSDB clients knock. It listens from the start to the end of
// the daemon; a client that comes while this northd has nothing to show is turned
// away at once, so that it tries its next remote.
type front struct {
	s       *Server
	nb      []*gate
	sb      []*gate
	close   func()
	shut    func()          // ends the sessions
	servers []*ovsdb.Server // those that are open
}

func newFront(s *Server, nb, sb []net.Listener) *front {
	f := &front{s: s, shut: func() {}}
	var wg sync.WaitGroup
	start := func(ls []net.Listener) (gates []*gate) {
		for _, l := range ls {
			g := &gate{l: l}
			gates = append(gates, g)
			wg.Go(g.run)
		}
		return gates
	}
	f.nb, f.sb = start(nb), start(sb)
	f.close = func() {
		f.shut()
		closeAll(nb)
		closeAll(sb)
		wg.Wait()
	}
	return f
}

// rank tells clients what this northd is to them, and lets them in the first
// time since shut.
func (f *front) rank(ctx context.Context, nb, sb *store.DB, r rank) error {
	if f.servers == nil {
		return f.open(ctx, nb, sb, r)
	}
	return errors.Join(f.tell(f.servers[0], nb, r), f.tell(f.servers[1], sb, r))
}

// tell says in _Server what a database of a clustered ovsdb-server says.
func (f *front) tell(srv *ovsdb.Server, db *store.DB, r rank) error {
	cluster := db.Cluster()
	self := schema.NameUUID("server", cluster.String(), f.s.cfg.Name)
	return srv.SetStatus(db.Schema().Name, ovsdb.Status{
		Model: "clustered", Connected: r.connected, Leader: r.leads, CID: &cluster, SID: &self, Index: &r.index,
	})
}

// open serves the databases until shut.
func (f *front) open(ctx context.Context, nb, sb *store.DB, r rank) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	serve := func(db *store.DB, gates []*gate) error {
		srv, err := ovsdb.New(ovsdb.Config{
			Databases: []*store.DB{db}, Readers: f.s.readers, Log: f.s.log,
			MaxConnections: f.s.cfg.MaxConnections, MaxPerAddress: f.s.cfg.MaxPerAddress,
		})
		if err != nil {
			return err
		}
		if err := f.tell(srv, db, r); err != nil {
			return err
		}
		f.servers = append(f.servers, srv)
		for _, g := range gates {
			l := g.open()
			wg.Go(func() {
				if err := srv.Serve(ctx, l); err != nil && ctx.Err() == nil {
					f.s.log.Error("the OVSDB server stopped", "address", l.Addr().String(), "err", err)
				}
			})
		}
		return nil
	}
	f.shut = func() {
		for _, g := range append(append([]*gate{}, f.nb...), f.sb...) {
			g.refuse()
		}
		cancel()
		wg.Wait()
		f.shut, f.servers = func() {}, nil
	}
	return errors.Join(serve(nb, f.nb), serve(sb, f.sb))
}

// gate accepts connections of one listener for as long as the daemon lives.
type gate struct {
	l net.Listener

	mu sync.Mutex
	to *openListener // guarded by mu: nil while nobody is let in
}

func (g *gate) run() {
	for {
		c, err := g.l.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		t := g.to
		g.mu.Unlock()
		if t == nil || !t.give(c) {
			c.Close()
		}
	}
}

func (g *gate) open() net.Listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to = &openListener{addr: g.l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
	return g.to
}

func (g *gate) refuse() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.to != nil {
		g.to.Close()
		g.to = nil
	}
}

// openListener is a gate's listener while it is open.
type openListener struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (t *openListener) give(c net.Conn) bool {
	select {
	case t.conns <- c:
		return true
	case <-t.done:
		return false
	}
}

func (t *openListener) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.done:
		return nil, net.ErrClosed
	}
}

func (t *openListener) Close() error {
	t.once.Do(func() { close(t.done) })
	return nil
}

func (t *openListener) Addr() net.Addr { return t.addr }
