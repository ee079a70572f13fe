package view

import (
	"context"
	"encoding/json"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema/sb"
)

const (
	compiledKey = sb.Prefix + sb.CompiledPath
	flowPrefix  = sb.Prefix + sb.FlowsPath
)

func prefixEnd(prefix string) string { return clientv3.GetPrefixRangeEnd(prefix) }

// reading is a complete state that is being read.
type reading struct {
	v *View
	b *Batch // what has been read and not told
	n int    // keys taken
	// parts takes parts of the state; nil where it is told as a whole.
	parts chan<- *Batch
}

// begin begins a reading. The first is told in parts, so that they are taken
// in while others are read: nothing is known yet that would be without them.
func (v *View) begin() *reading {
	r := &reading{v: v, b: newBatch()}
	r.b.Reset = true
	if !v.State().Synced {
		r.parts = v.out
		r.b.More = true
	}
	return r
}

func (r *reading) take(kv *mvccpb.KeyValue) {
	r.b.take(kv)
	r.n++
}

// next waits for a page; meanwhile what is there may be told.
func (r *reading) next(p *pages) page {
	parts := r.parts
	if len(r.b.Events) == 0 {
		parts = nil
	}
	select {
	case got := <-p.next:
		return got
	case parts <- r.b:
		r.b = newBatch()
		r.b.More = true
		r.v.pending, r.v.held = nil, nil // of an earlier state
		return <-p.next
	}
}

// end returns the last of the state, as of rev.
func (r *reading) end(rev int64) *Batch {
	r.b.More, r.b.Chassis, r.b.ChassisEvents = false, rev, true
	return r.b
}

// read reads everything that is wanted at one revision, and tells it.
func (v *View) read(ctx context.Context) error {
	// A client waits for a connection for ever; a reading must not.
	res, err := v.get(ctx, sb.StatusKey(v.cfg.Name))
	if err != nil {
		return v.fail("read", err)
	}
	rev := res.Header.Revision
	if err := v.checkForm(ctx, rev); err != nil {
		return v.fail("read", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	south := v.pages(ctx, sb.Prefix, flowPrefix, rev)
	chassis := v.pages(ctx, sb.ChassisPrefix, prefixEnd(sb.ChassisPrefix), rev)
	r := v.begin()
	for _, kv := range res.Kvs {
		r.take(kv)
	}
	partial := false
	flows := newFlows()
	if err := south.each(r.next, func(kv *mvccpb.KeyValue) {
		if v.isAnothers(string(kv.Key)) {
			return
		}
		r.take(kv)
		flows.note(string(kv.Key), value(kv.Value))
		if string(kv.Key) == compiledKey {
			partial = isPartial(kv.Value)
		}
	}); err != nil {
		return err
	}
	if err := chassis.each(r.next, r.take); err != nil {
		return err
	}
	if err := v.readWanted(ctx, r, &flows, rev); err != nil {
		return err
	}
	v.flows, v.partial, v.whole, v.held = flows, partial, false, nil
	v.sbNext, v.chNext, v.cluster = rev+1, rev+1, res.Header.ClusterId
	v.deliver(r.end(rev), nil)
	v.update(func(s *State) { s.Connected, s.Err, s.Revision, s.Rereads = true, nil, rev, s.Rereads+1 })
	v.cfg.Log.Info("etcd read", "revision", rev, "keys", r.n, "partial", partial)
	return nil
}

// readWanted reads the flows that are wanted, for a complete state.
func (v *View) readWanted(ctx context.Context, r *reading, f *flows, rev int64) error {
	w := v.wanted()
	if !w.All {
		return v.follows(ctx, r.b, f, w, rev)
	}
	f.want = w
	clear(f.touched)
	if err := v.pages(ctx, flowPrefix, prefixEnd(flowPrefix), rev).each(r.next, r.take); err != nil {
		return err
	}
	r.b.Followed[AllDatapaths] = true
	return nil
}

func (b *Batch) take(kv *mvccpb.KeyValue) {
	b.Events[string(kv.Key)] = Event{Value: value(kv.Value), Rev: kv.ModRevision, Created: kv.CreateRevision}
}

// deliver joins the batches with what is pending; southbound events wait while
// a change is unfinished, and everything does while a reading waits for that.
func (v *View) deliver(south, chassis *Batch) {
	if south != nil && !south.empty() {
		v.held = merge(v.held, south)
	}
	if chassis != nil {
		if v.whole {
			v.pending = merge(v.pending, chassis)
		} else {
			v.held = merge(v.held, chassis)
		}
	}
	if !v.partial && v.held != nil {
		v.pending, v.held, v.whole = merge(v.pending, v.held), nil, true
	}
	v.update(func(s *State) { s.Held = v.partial })
}

// pages are the keys of a range as of rev, of which the next page is read while
// one is taken.
type pages struct {
	v    *View
	ctx  context.Context
	end  string
	rev  int64
	next chan page
}

type page struct {
	res *clientv3.GetResponse
	err error
}

// pages begins to read every key from one on and before end.
func (v *View) pages(ctx context.Context, from, end string, rev int64) *pages {
	p := &pages{v, ctx, end, rev, make(chan page, 1)}
	p.ask(from)
	return p
}

func (p *pages) ask(from string) {
	size := p.v.cfg.PageSize
	if strings.HasPrefix(from, flowPrefix) {
		size = max(1, size/5) // chunks are several times as long as rows, and the time for a page is the same
	}
	go func() {
		res, err := p.v.get(p.ctx, from, clientv3.WithRange(p.end), clientv3.WithRev(p.rev), clientv3.WithLimit(size))
		p.next <- page{res, err}
	}()
}

// each calls f for every key; next waits for a page.
func (p *pages) each(next func(*pages) page, f func(*mvccpb.KeyValue)) error {
	for {
		got := next(p)
		if got.err != nil {
			return p.v.fail("read", got.err)
		}
		kvs := got.res.Kvs
		more := got.res.More && len(kvs) > 0
		if more {
			p.ask(string(kvs[len(kvs)-1].Key) + "\x00")
		}
		for _, kv := range kvs {
			f(kv)
		}
		if !more {
			return nil
		}
	}
}

// wait is next where there is nothing else to do.
func (p *pages) wait() page { return <-p.next }

// get reads, but gives up where etcd does not answer.
func (v *View) get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*v.cfg.Probe)
	defer cancel()
	return v.cfg.Client.Get(ctx, key, opts...)
}

// isPartial reads the one field of sb.Compiled that the view needs.
func isPartial(value []byte) bool {
	var c struct {
		Partial bool `json:"partial"`
	}
	return json.Unmarshal(value, &c) == nil && c.Partial
}

// value keeps an empty value apart from a key that is gone.
func value(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
