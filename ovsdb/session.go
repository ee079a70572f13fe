package ovsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// session is one connection. Three goroutines serve it: one reads and replies
// to echo requests, one (work) does in order what is requested and owns monitors
// and locks, one sends what is in out, and works out what is long.
type session struct {
	srv    *Server
	conn   net.Conn
	name   string
	log    *slog.Logger
	out    *outbox
	ctx    context.Context
	cancel context.CancelFunc
	probe  *probe
	txns   transactions
	end    sync.Once
	// workers answer transactions, do requests and send what is in out.
	workers sync.WaitGroup
	inbox   chan *message
	taken   chan struct{} // something of it was done
	queued  atomic.Int64  // bytes of requests that were read and are not done

	// Owned by work:
	monitors map[string]*monitor // by id in canonical form
	locks    map[string]bool     // asked for
}

func newSession(ctx context.Context, srv *Server, conn net.Conn, name string) *session {
	s := &session{
		srv: srv, conn: conn, name: name, log: srv.cfg.Log.With("client", name),
		out:      newOutbox(srv.cfg.MaxBacklog, &srv.backlog),
		inbox:    make(chan *message, inboxLen),
		taken:    make(chan struct{}, 1),
		monitors: map[string]*monitor{}, locks: map[string]bool{},
	}
	s.txns.change.L, s.txns.maxResults = &s.txns.mu, srv.cfg.MaxResults
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// run serves the connection until it ends.
func (s *session) run() {
	defer s.leave()
	stop := context.AfterFunc(s.ctx, func() { s.conn.Close(); s.out.stop() })
	defer stop()
	s.probe = newProbe(s, s.srv.cfg.Probe, s.conn.LocalAddr().Network() != "unix")
	defer s.probe.stop()
	s.workers.Go(func() {
		if err := s.out.run(s); err != nil {
			s.fail("send failed", "err", err)
		}
	})
	s.workers.Go(s.work)
	defer close(s.inbox)
	r := newMessageReader(s.probe, s.srv.cfg.MaxMessage)
	for {
		raw, err := r.next()
		if err == io.EOF {
			s.log.Debug("ovsdb: connection closed by the client")
			return
		}
		if err == nil {
			err = s.receive(raw)
		}
		if err != nil {
			s.fail("connection dropped", "err", err)
			return
		}
		if !s.out.waitRoom(false) {
			return
		}
	}
}

const (
	// inboxLen and inboxBytes bound the requests that are read ahead, so that
	// an echo request behind them is seen. One request may exceed them.
	inboxLen   = 64
	inboxBytes = 1 << 20
)

// work does what is requested, in order.
func (s *session) work() {
	defer s.forget()
	for msg := range s.inbox {
		if s.ctx.Err() != nil || !s.out.waitRoom(true) {
			continue // until run has closed the inbox
		}
		s.do(msg)
		s.queued.Add(-int64(len(msg.params)))
		signal(s.taken)
	}
}

// busy tells whether the client is waiting for something that is being done.
func (s *session) busy() bool { return s.queued.Load() > 0 || s.txns.running() }

// leave waits until nothing of the session is left.
func (s *session) leave() {
	s.fail("connection ended")
	s.workers.Wait()
	s.out.close()
}

// forget undoes everything that the session is part of.
func (s *session) forget() {
	for _, m := range s.monitors {
		m.db.end(m)
	}
	for name := range s.locks {
		s.srv.locks.leave(s, name)
	}
}

// fail closes the connection. The first reason counts. It does not wait, and
// may be called by anyone.
func (s *session) fail(reason string, args ...any) {
	s.end.Do(func() {
		level := slog.LevelWarn
		if len(args) == 0 || s.ctx.Err() != nil {
			level = slog.LevelDebug
		}
		s.log.Log(context.Background(), level, "ovsdb: "+reason, args...)
		s.cancel()
		s.conn.Close()
	})
}

// update queues a notification; a client that is too slow is dropped.
func (s *session) update(text, body []byte) {
	if !s.out.update(text, body) {
		s.fail("client is too slow", "backlog", s.srv.cfg.MaxBacklog)
	}
}

var errUnexpected = errors.New("ovsdb: unexpected reply")

// receive handles one message. An error ends the session.
func (s *session) receive(raw []byte) error {
	msg, err := parseMessage(raw)
	if err != nil {
		return err
	}
	switch {
	case msg.isReply():
		if id, _ := stringOf(msg.id); id != "echo" {
			return errUnexpected
		}
		return nil
	case msg.method == "echo" && msg.id != nil:
		s.out.expect(msg)
	}
	s.queued.Add(int64(len(msg.params)))
	for s.queued.Load() > inboxBytes+int64(len(msg.params)) {
		select {
		case <-s.taken:
		case <-s.ctx.Done():
			return nil
		}
	}
	select {
	case s.inbox <- msg:
	case <-s.ctx.Done():
	}
	return nil
}

// do does one request, or takes one notification.
func (s *session) do(msg *message) {
	if msg.id == nil {
		if args := msg.args(); msg.method == "cancel" && len(args) == 1 {
			s.txns.cancel(args[0])
		}
		return
	}
	if err := s.request(msg); err != nil {
		s.out.reply(appendFailure(nil, msg.id, store.ErrorJSON(err)))
	}
}

// request answers a request; an error is the answer.
func (s *session) request(msg *message) error {
	switch msg.method {
	case "transact":
		return s.transact(msg)
	case "echo":
		if s.out.due(msg) {
			s.out.reply(appendReply(nil, msg.id, msg.params))
		}
		return nil
	case "list_dbs":
		s.out.reply(appendReply(nil, msg.id, schema.EncodeJSON(s.srv.names)))
		return nil
	case "get_schema":
		return s.getSchema(msg)
	case "get_server_id":
		s.out.reply(appendReply(nil, msg.id, schema.EncodeJSON(s.srv.id)))
		return nil
	case "set_db_change_aware":
		return s.setChangeAware(msg)
	case "convert":
		return s.convert(msg)
	}
	// What follows depends on the transactions before it.
	s.txns.settle()
	switch msg.method {
	case "monitor":
		return s.monitorMethod(msg, plainMonitor)
	case "monitor_cond":
		return s.monitorMethod(msg, condMonitor)
	case "monitor_cond_since":
		return s.monitorMethod(msg, sinceMonitor)
	case "monitor_cond_change":
		return s.monitorChange(msg)
	case "monitor_cancel":
		s.monitorCancel(msg)
		return nil
	case "lock", "steal":
		return s.lockMethod(msg)
	case "unlock":
		return s.unlock(msg)
	}
	s.out.reply(appendFailure(nil, msg.id, []byte(`"unknown method"`)))
	return nil
}

// database returns the database that a request's first parameter names.
func (s *session) database(msg *message, args []json.RawMessage) (*served, error) {
	name, ok := "", false
	if len(args) > 0 {
		name, ok = stringOf(args[0])
	}
	if !ok {
		return nil, syntaxError(msg.params, "%s request params must begin with <db-name>", msg.method)
	}
	if d := s.srv.databases[name]; d != nil {
		return d, nil
	}
	return nil, &schema.Error{
		Name: "unknown database", Details: fmt.Sprintf("%s request specifies unknown database %s", msg.method, name),
		Syntax: string(schema.CanonicalJSON(msg.params)),
	}
}

func (s *session) getSchema(msg *message) error {
	d, err := s.database(msg, msg.args())
	if err != nil {
		return err
	}
	s.out.reply(appendReply(nil, msg.id, d.src.schema().OVSSchema()))
	return nil
}

// setChangeAware is ovsdb-server(7) section 4.1.18. Databases neither come nor
// go here, so that there is nothing to be unaware of.
func (s *session) setChangeAware(msg *message) error {
	if args := msg.args(); len(args) != 1 || args[0][0] != 't' && args[0][0] != 'f' {
		return syntaxError(msg.params, "set_db_change_aware: true or false parameter expected")
	}
	s.out.reply(appendReply(nil, msg.id, []byte("{}")))
	return nil
}
