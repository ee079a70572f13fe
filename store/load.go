package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

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
		others := w.t.Unclaimed(w.id)
		for _, c := range w.t.byCol {
			if !c.stored {
				c.Copy(row, others) // not ours to say
			}
		}
		res.rows[key] = &loadedRow{key: key, row: row}
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
	d, err := schema.DecodePart(w.column.Column, w.part, kv.Value)
	if err != nil {
		p.Reason = err.Error()
		res.problems = append(res.problems, p)
		return
	}
	row.parts = append(row.parts, loadedPart{w.column, w.part, kv.Value, d})
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// loaded makes what was read the committed state, as one commit of what
// differs.
func (m *machine) loaded(res loadResult) {
	m.lastLoad = m.clock()
	if res.err != nil {
		m.phase = stale
		m.cfg.Log.Warn("store: cannot read everything again", "err", res.err)
		return
	}
	again := m.rollback()
	s := m.build(&res, m.committed.state)
	b := &batch{next: s, clients: []string{"etcd"}, rev: res.rev, loaded: &res}
	b.changes.add(m.differences(m.committed.state, s))
	b.blobs = blobDifferences(m.committed.state, s)
	m.phase, m.why = idle, ""
	m.logRev = res.logRev
	m.view = max(m.view, res.rev)
	maps.DeleteFunc(m.own, func(rev int64, _ bool) bool { return rev <= m.view })
	m.pending = s
	m.found(res.problems)
	m.publish(b, 0)
	m.applyAll(again)
}
