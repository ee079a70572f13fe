package serve

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/weft-sdn/weft/ovsdb"
	"github.com/weft-sdn/weft/store"
)

// front is where OVSDB clients knock. It listens from the start to the end of
// the daemon; a client that comes while this northd does not lead is turned
// away at once, so that it tries its next remote.
type front struct {
	s     *Server
	nb    []*gate
	sb    []*gate
	close func()
	shut  func() // ends the sessions of a term
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

// open serves the databases until shut.
func (f *front) open(ctx context.Context, nb, sb *store.DB) error {
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
		for _, g := range gates {
			l := g.lead()
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
		f.shut = func() {}
	}
	return errors.Join(serve(nb, f.nb), serve(sb, f.sb))
}

// gate accepts connections of one listener for as long as the daemon lives.
type gate struct {
	l net.Listener

	mu   sync.Mutex
	term *termListener // guarded by mu: nil while this northd does not lead
}

func (g *gate) run() {
	for {
		c, err := g.l.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		t := g.term
		g.mu.Unlock()
		if t == nil || !t.give(c) {
			c.Close()
		}
	}
}

func (g *gate) lead() net.Listener {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.term = &termListener{addr: g.l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
	return g.term
}

func (g *gate) refuse() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.term != nil {
		g.term.Close()
		g.term = nil
	}
}

// termListener is a gate's listener for the time of one term.
type termListener struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (t *termListener) give(c net.Conn) bool {
	select {
	case t.conns <- c:
		return true
	case <-t.done:
		return false
	}
}

func (t *termListener) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.done:
		return nil, net.ErrClosed
	}
}

func (t *termListener) Close() error {
	t.once.Do(func() { close(t.done) })
	return nil
}

func (t *termListener) Addr() net.Addr { return t.addr }
