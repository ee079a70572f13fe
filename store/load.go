package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// loadPage is how many keys one read asks for.
const loadPage = 20000

// loadResult is what lies under the prefix at one revision.
type loadResult struct {
	err      error
	rev      int64
	cluster  uint64
	logRev   int64
	log      record // what the log key says
	newest   int64  // revision of all keys below the prefix
	rows     map[rowKey]*loadedRow
	blobs    []*blob
	problems []Problem
}

// loadedRow is a row as it was read.
type loadedRow struct {
	key   rowKey
	row   schema.Row
	rev   int64 // newest revision of its keys
	parts []loadedPart
}

// read reads everything at one revision.
func read(ctx context.Context, cfg *Config, l *layout) loadResult {
	res := loadResult{rows: map[rowKey]*loadedRow{}}
	r, err := cfg.Client.Get(ctx, cfg.LogKey)
	if err != nil {
		return loadResult{err: fmt.Errorf("store: read %s: %w", cfg.LogKey, err)}
	}
	res.rev, res.cluster = r.Header.Revision, r.Header.ClusterId
	if len(r.Kvs) > 0 {
		res.logRev = r.Kvs[0].ModRevision
		if err := json.Unmarshal(r.Kvs[0].Value, &res.log); err != nil {
			cfg.Log.Warn("store: the log key is not what was written", "key", cfg.LogKey, "err", err)
		}
	}
	if _, err := readForm(ctx, cfg, res.rev); err != nil {
		return loadResult{err: err}
	}
	from, end := cfg.Prefix, clientv3.GetPrefixRangeEnd(cfg.Prefix)
	for {
		r, err := cfg.Client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithRev(res.rev), clientv3.WithLimit(loadPage))
		if err != nil {
			return loadResult{err: fmt.Errorf("store: read %s: %w", cfg.Prefix, err)}
		}
		for _, kv := range r.Kvs {
			res.take(l, cfg.Prefix, kv)
		}
		if !r.More {
			return res
		}
		from = string(r.Kvs[len(r.Kvs)-1].Key) + "\x00"
	}
}

// take reads one key.
func (res *loadResult) take(l *layout, prefix string, kv *mvccpb.KeyValue) {
	path := strings.TrimPrefix(string(kv.Key), prefix)
	res.newest = max(res.newest, kv.ModRevision)
	if isBlobPath(path) {
		res.blobs = append(res.blobs, &blob{path: path, data: notNil(kv.Value)})
		return
	}
	w, reason := l.parseKey(path)
	p := Problem{Key: string(kv.Key), UUID: w.id, Reason: reason}
	if w.t != nil {
		p.Table = w.t.Name
	}
	if reason != "" {
		res.problems = append(res.problems, p)
		return
	}
	key := rowKey{w.t, w.id}
	if w.column == nil {
		row, err := schema.DecodeRow(w.t.Table, w.id, kv.Value)
		if err != nil {
			p.Reason = err.Error()
			res.problems = append(res.problems, p)
			return
		}
		for _, c := range w.t.byCol {
			if !c.stored {
				c.Copy(row, w.t.New(w.id)) // not ours to say
			}
		}
		res.rows[key] = &loadedRow{key: key, row: row, rev: kv.ModRevision}
		return
	}
	// A row's key comes before those of its members.
	row := res.rows[key]
	p.Column = w.column.Name
	if row == nil {
		p.Reason = "a member of a row that is not there"
		res.problems = append(res.problems, p)
		return
	}
	d, err := decodePart(w.column, w.part, kv.Value)
	if err != nil {
		p.Reason = err.Error()
		res.problems = append(res.problems, p)
		return
	}
	row.rev = max(row.rev, kv.ModRevision)
	row.parts = append(row.parts, loadedPart{w.column, w.part, kv.Value, d})
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// start reads the database for the first time and begins to follow it.
func (db *DB) start(ctx context.Context) error {
	l := newLoop(db)
	db.loop = l
	res := read(ctx, &db.cfg, db.layout)
	if res.err != nil {
		return res.err
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", res.cluster, db.cfg.Prefix)
	l.salt = h.Sum64()
	s := l.build(&res, newState(db.layout))
	l.pending = s
	l.view, l.logRev, l.problems = res.rev, res.logRev, res.problems
	first := &Snapshot{layout: db.layout, log: db.badBlob, state: s, Rev: res.rev}
	// The name of the state is that of the last commit, if nobody has written
	// since; what a chassis shows is not part of what such a name promises.
	first.TxnID = schema.NewUUID()
	if h := res.log.Holds; h != nil && *h == l.census(s) && res.newest <= res.logRev && !db.layout.shown() {
		first.TxnID = txnID(l.salt, res.logRev)
	}
	l.committed = first
	db.feed = newFeed(first, db.cfg.History, db.cfg.HistoryBytes)
	for _, p := range res.problems {
		db.logProblem(p)
	}
	run, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	l.workers.Add(1)
	go l.watch(run, res.rev+1)
	go l.run(run)
	return nil
}

// census is what lies in etcd for a state.
func (l *loop) census(s *state) census {
	c := s.census(l.db.layout)
	l.mu.Lock()
	defer l.mu.Unlock()
	c.LeftOut = len(l.problems)
	return c
}

// shown tells whether some columns are presented.
func (l *layout) shown() bool {
	for _, t := range l.tables {
		for _, c := range t.byCol {
			if c.Owner != "" {
				return true
			}
		}
	}
	return false
}

func (db *DB) logProblem(p Problem) {
	db.cfg.Log.Warn("store: left out", "key", p.Key, "table", p.Table, "row", p.UUID, "column", p.Column, "reason", p.Reason)
}

// listProblems returns a copy of the problems.
func (l *loop) listProblems() []Problem {
	l.mu.Lock()
	problems := slices.Clone(l.problems)
	l.mu.Unlock()
	return append(problems, l.listLeft()...)
}

// listLeft returns the rows that were presented and left out, in order.
func (l *loop) listLeft() []Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.left), func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), a.UUID.Compare(b.UUID))
	})
}

// reloadPause is the least time between the ends and starts of full reads.
const reloadPause = 100 * time.Millisecond

// reload starts a full read if one is due and nothing is in flight.
func (l *loop) reload(ctx context.Context) {
	if l.stale == "" || l.loading || l.flight != nil || time.Since(l.lastLoad) < reloadPause {
		return
	}
	l.loading = true
	l.cfg.Log.Info("store: reading everything again", "why", l.stale)
	l.workers.Add(1)
	go func() {
		defer l.workers.Done()
		rctx, cancel := context.WithTimeout(ctx, max(l.cfg.CommitTimeout, time.Minute))
		defer cancel()
		res := read(rctx, l.cfg, l.db.layout)
		select {
		case l.loaded <- res:
		case <-ctx.Done():
		}
	}()
}

// adoptLoad makes what was read the committed state, as one commit of what
// differs.
func (l *loop) adoptLoad(res loadResult) {
	l.loading, l.lastLoad = false, time.Now()
	if res.err != nil {
		l.cfg.Log.Warn("store: cannot read everything again", "err", res.err)
		return
	}
	again := l.rollback()
	s := l.build(&res, l.committed.state)
	b := &batch{next: s, clients: []string{"etcd"}, rev: res.rev, loaded: true}
	b.changes.add(l.differences(l.committed.state, s))
	b.blobs = blobDifferences(l.committed.state, s)
	l.stale = ""
	l.logRev = res.logRev
	l.view = max(l.view, res.rev)
	l.pending = s
	l.mu.Lock()
	l.problems = res.problems
	l.mu.Unlock()
	for _, p := range res.problems {
		l.db.logProblem(p)
	}
	l.publish(b, 0)
	l.parked = append(again, l.parked...)
}
