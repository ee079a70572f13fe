package store

import (
	"context"
	"sync"
	"time"
)

// loop is the goroutine that owns a database's machine: it brings it what
// comes, and does what it asks for.
type loop struct {
	cfg      *Config
	m        *machine
	requests chan *request
	cancels  chan *request
	tried    chan tried
	flown    chan flown
	events   chan watched
	loaded   chan loadResult
	behind   chan *catchUp
	stream   Stream
	stop     context.CancelFunc
	done     chan struct{}
	workers  sync.WaitGroup
}

// start reads the database for the first time and begins to follow it.
func (db *DB) start(ctx context.Context) error {
	res := read(ctx, &db.cfg, db.layout)
	if res.err != nil {
		return res.err
	}
	l := &loop{
		cfg:      &db.cfg,
		m:        newMachine(&db.cfg, db.layout, db.badBlob, time.Now, &res),
		requests: make(chan *request), cancels: make(chan *request), tried: make(chan tried),
		flown: make(chan flown), events: make(chan watched), loaded: make(chan loadResult), behind: make(chan *catchUp), done: make(chan struct{}),
	}
	db.loop, db.feed = l, l.m.feed
	run, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	l.workers.Go(func() { l.watch(run, res.rev+1) })
	go l.run(run)
	return nil
}

func (l *loop) close() {
	l.stop()
	<-l.done
	l.workers.Wait()
}

func (l *loop) run(ctx context.Context) {
	defer func() {
		l.m.end()
		close(l.done)
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		requests := l.requests
		if l.m.full() {
			requests = nil
		}
		select {
		case <-ctx.Done():
			return
		case r := <-requests:
			l.m.submit(r)
			l.drain()
		case r := <-l.cancels:
			l.m.cancel(r)
		case t := <-l.tried:
			l.m.takeBack(t)
		case f := <-l.flown:
			if f.late {
				l.m.overdue(f.err)
			} else {
				l.m.landed(f)
			}
		case w := <-l.events:
			l.m.saw(w)
		case res := <-l.loaded:
			l.m.loaded(res)
		case c := <-l.behind:
			l.m.catchUp(c)
		case <-timer.C:
			l.m.tick()
		}
		l.obey(ctx, l.m.next())
		l.m.ahead()
		if due := l.m.deadline(); due.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(due))
		}
	}
}

// maxDrain bounds how many requests join a batch before it is sent.
const maxDrain = 512

// drain applies what else is there, so that it shares one etcd transaction.
func (l *loop) drain() {
	for range maxDrain {
		if l.m.full() {
			return
		}
		select {
		case r := <-l.requests:
			l.m.submit(r)
		default:
			return
		}
	}
}

// obey begins what the machine asks for.
func (l *loop) obey(ctx context.Context, o orders) {
	if o.fly != nil {
		l.workers.Go(func() { l.fly(ctx, o.fly.txn, o.fly.pieces) })
	}
	if o.read {
		l.workers.Go(func() {
			rctx, cancel := context.WithTimeout(ctx, max(l.cfg.CommitTimeout, time.Minute))
			defer cancel()
			res := read(rctx, l.cfg, l.m.layout)
			select {
			case l.loaded <- res:
			case <-ctx.Done():
			}
		})
	}
}
