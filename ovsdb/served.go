package ovsdb

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// served is a database with the monitors on it.
type served struct {
	name    string
	src     source
	virtual []*schema.Table // of the source

	mu      sync.Mutex // guards what follows, and what monitors say it does
	feed    feed       // nil: not followed
	pos     int64      // the last commit that went to the monitors
	byTable map[*schema.Table][]*watch
	shared  map[string]*projection
	// Of the commit being handed out; kept for their memory.
	touched []*monitor
	made    map[schema.UUID][]byte // bodies of messages, by what monitors are like
}

func newServed(src source) *served {
	d := &served{
		name: src.schema().Name, src: src,
		byTable: map[*schema.Table][]*watch{}, shared: map[string]*projection{}, made: map[schema.UUID][]byte{},
	}
	for _, t := range src.schema().Tables {
		if src.virtual(t) {
			d.virtual = append(d.virtual, t)
		}
	}
	return d
}

// run hands commits to the monitors until the context ends.
func (d *served) run(ctx context.Context) {
	for {
		d.mu.Lock()
		f := d.feed
		d.mu.Unlock()
		if f == nil {
			return
		}
		select {
		case <-f.Ready():
			d.catchUp()
		case <-ctx.Done():
			return
		}
	}
}

// open begins to follow the source.
func (d *served) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.feed, d.pos = d.src.follow()
}

// close ends it. No session is left by then.
func (d *served) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.feed != nil {
		d.feed.Close()
		d.feed = nil
	}
}

// catchUp hands out every commit that is there. Who waits for a transaction
// calls it before answering, so that updates come first (ovsdb-server(7)
// section 4.1.5).
func (d *served) catchUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.catchUpLocked()
}

func (d *served) catchUpLocked() {
	if d.feed == nil {
		return
	}
	commits, err := d.feed.Take()
	for _, c := range commits {
		d.handOut(c)
		d.pos = c.Seq
	}
	if err != nil {
		d.lost(err)
	}
}

// lost closes the sessions that monitor a database whose feed has ended. They
// come back and take up from where they were.
func (d *served) lost(err error) {
	for _, list := range d.byTable {
		for _, w := range list {
			w.m.s.fail("the database's feed has ended", "database", d.name, "err", err)
		}
	}
	d.feed = nil
	if errors.Is(err, store.ErrResync) {
		d.feed, d.pos = d.src.follow()
	}
}

// handOut tells every monitor that looks at it about a commit.
// Hot path: costs the changes times the watches on their tables.
func (d *served) handOut(c *store.Commit) {
	d.eachChange(c, func(ch *store.Change) {
		for _, w := range d.byTable[ch.Table] {
			before := w.m.hit
			if w.collect(ch); w.m.hit && !before {
				d.touched = append(d.touched, w.m)
			}
		}
	})
	for _, m := range d.touched {
		m.flush(c.TxnID, d.made)
	}
	clear(d.made)
	clear(d.touched)
	d.touched = d.touched[:0]
}

// eachChange calls fn with the changes of a commit to tables that somebody
// watches.
func (d *served) eachChange(c *store.Commit, fn func(*store.Change)) {
	for i := range c.Changes {
		fn(&c.Changes[i])
	}
	for _, t := range d.virtual {
		if d.byTable[t] == nil {
			continue
		}
		changes := d.src.changes(c, t)
		for i := range changes {
			fn(&changes[i])
		}
	}
}

// freeze hands out what is there until the monitors are where the source is,
// and returns that state. A source shows a state no sooner than its feed.
func (d *served) freeze() view {
	for {
		v := d.src.now()
		if d.pos == v.seq || d.feed == nil {
			return v
		}
		d.catchUpLocked()
	}
}

// begin takes up a monitor. reply queues what the monitor begins with, from the
// state that it is given; the updates that follow come behind it.
func (d *served) begin(m *monitor, reply func(v view)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.feed == nil {
		m.s.fail("the database is closed", "database", d.name)
	}
	v := d.freeze()
	var shape []string
	for _, w := range m.tables {
		w.proj = d.share(w.proj)
		shape = append(shape, w.proj.key)
		d.byTable[w.table] = append(d.byTable[w.table], w)
	}
	m.shape = schema.NameUUID(shape...)
	reply(v)
}

// change calls fn, which may change the monitor and queue messages of it, with
// the state up to which updates are queued.
func (d *served) change(fn func(v view)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fn(d.freeze())
}

// end forgets a monitor.
func (d *served) end(m *monitor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range m.tables {
		list := slices.DeleteFunc(d.byTable[w.table], func(o *watch) bool { return o == w })
		if len(list) == 0 {
			delete(d.byTable, w.table)
		} else {
			d.byTable[w.table] = list
		}
		if w.proj.users--; w.proj.users == 0 {
			delete(d.shared, w.proj.key)
		}
	}
}

// share returns the projection that stands for all equal ones.
func (d *served) share(p *projection) *projection {
	if q := d.shared[p.key]; q != nil {
		p = q
	} else {
		d.shared[p.key] = p
	}
	p.users++
	return p
}
