package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// Server serves databases to clients.
type Server struct {
	cfg       Config
	id        schema.UUID // answer to get_server_id
	names     []string
	databases map[string]*served
	self      *selfSource
	locks     locks

	mu      sync.Mutex // guards what follows
	serving int        // calls of Serve
	stop    func()     // ends following the databases
	count   int        // of connections, for their names
}

// New makes a server. Nothing runs before Serve.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, id: schema.NewUUID(), databases: map[string]*served{}, self: newSelfSource()}
	s.locks.queues = map[string][]*session{}
	for _, db := range cfg.Databases {
		d := newServed(storeSource{db}, &s.cfg)
		s.databases[d.name] = d
		s.self.add(db.Schema())
	}
	s.databases[serverName] = newServed(s.self, &s.cfg)
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
		sess := newSession(ctx, s, conn, s.clientName(conn))
		sessions.Go(sess.run)
	}
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
