package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// Server serves databases to clients.
type Server struct {
	cfg       Config
	id        schema.UUID // answer to get_server_id
	names     []string
	databases map[string]*served
	self      *selfSource
	locks     locks
	readers   *store.Readers
	backlog   budget

	mu      sync.Mutex         // guards what follows
	serving int                // calls of Serve
	stop    func()             // ends following the databases
	count   int                // of connections, for their names
	open    int                // connections
	from    map[netip.Addr]int // those of each address
}

// New makes a server. Nothing runs before Serve.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, id: schema.NewUUID(), databases: map[string]*served{}, self: newSelfSource(), readers: cfg.Readers, from: map[netip.Addr]int{}}
	s.backlog.max = cfg.MaxBacklogs
	s.locks.queues = map[string][]*session{}
	for _, db := range cfg.Databases {
		d := newServed(storeSource{db})
		s.databases[d.name] = d
		s.self.add(db.Schema())
	}
	s.databases[serverName] = newServed(s.self)
	for name := range s.databases {
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	return s, nil
}

// SetStatus says in _Server how a database is.
func (s *Server) SetStatus(database string, st Status) error {
	if st.Model == "clustered" && st.SID == nil {
		st.SID = &s.id
	}
	if !s.self.set(database, st) {
		return fmt.Errorf("ovsdb: no database %s", database)
	}
	return nil
}

// Serve accepts connections until the context ends, closes the listener and
// waits until every session has ended. Its error is nil then. It may be called
// for several listeners at once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	s.enter()
	defer s.exit()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer func() {
		if stop() {
			ln.Close()
		}
	}()
	pause := 5 * time.Millisecond
	for {
		conn, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			// Out of file descriptors, most likely: it passes.
			s.cfg.Log.Warn("ovsdb: cannot accept", "address", ln.Addr().String(), "err", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		if err := s.admit(conn); err != nil {
			s.cfg.Log.Warn("ovsdb: connection refused", "client", conn.RemoteAddr().String(), "err", err)
			conn.Close()
			continue
		}
		sess := newSession(ctx, s, conn, s.clientName(conn))
		sessions.Go(func() {
			defer s.depart(conn)
			sess.run()
		})
	}
}

// admit counts a connection, or tells which limit it would exceed.
func (s *Server) admit(conn net.Conn) error {
	addr := peerAddress(conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open >= s.cfg.MaxConnections:
		return fmt.Errorf("%d connections are open already", s.open)
	case addr.IsValid() && s.from[addr] >= s.cfg.MaxPerAddress:
		return fmt.Errorf("%d connections from %s are open already", s.from[addr], addr)
	}
	s.open++
	if addr.IsValid() {
		s.from[addr]++
	}
	return nil
}

func (s *Server) depart(conn net.Conn) {
	addr := peerAddress(conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.from[addr]--; s.from[addr] <= 0 {
		delete(s.from, addr)
	}
}

// peerAddress is the IP address of a TCP client; that of others is not valid.
func peerAddress(conn net.Conn) netip.Addr {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// enter follows the databases while at least one Serve runs.
func (s *Server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving++; s.serving > 1 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, d := range s.databases {
		d.open()
		wg.Go(func() { d.run(ctx) })
	}
	s.stop = func() {
		cancel()
		wg.Wait()
		for _, d := range s.databases {
			d.close()
		}
	}
}

func (s *Server) exit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving--; s.serving == 0 {
		s.stop()
	}
}

// clientName names a connection in logs as ovsdb-server does.
func (s *Server) clientName(conn net.Conn) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if conn.LocalAddr().Network() == "unix" {
		return fmt.Sprintf("unix#%d", s.count)
	}
	return "tcp:" + conn.RemoteAddr().String()
}
