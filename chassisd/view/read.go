package view

import (
	"context"
	"encoding/json"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema/sb"
)

const compiledKey = sb.Prefix + sb.CompiledPath

// read reads everything at one revision and puts what differs from what is
// known into the pending (or held) batch.
func (v *View) read(ctx context.Context) error {
	// A client waits for a connection for ever; a reading must not.
	res, err := v.get(ctx, sb.StatusKey(v.cfg.Name))
	if err != nil {
		return v.fail("read", err)
	}
	rev := res.Header.Revision
	seen := make(map[string]bool, len(v.known))
	south, chassis := newBatch(), newBatch()
	chassis.Chassis, chassis.ChassisEvents = rev, true
	for _, kv := range res.Kvs {
		v.take(chassis, kv, seen)
	}
	partial := v.partial
	if err := v.pages(ctx, sb.Prefix, rev, func(kv *mvccpb.KeyValue) {
		v.take(south, kv, seen)
		if string(kv.Key) == compiledKey {
			partial = isPartial(kv.Value)
		}
	}); err != nil {
		return err
	}
	if err := v.pages(ctx, sb.ChassisPrefix, rev, func(kv *mvccpb.KeyValue) { v.take(chassis, kv, seen) }); err != nil {
		return err
	}
	for key := range v.known {
		if seen[key] {
			continue
		}
		b := chassis
		if strings.HasPrefix(key, sb.Prefix) {
			b = south
		}
		v.note(b, key, Event{Rev: rev})
	}
	v.partial = partial
	v.sbNext, v.chNext, v.cluster = rev+1, rev+1, res.Header.ClusterId
	v.deliver(south, chassis)
	v.update(func(s *State) { s.Connected, s.Err, s.Revision, s.Rereads = true, nil, rev, s.Rereads+1 })
	v.cfg.Log.Info("etcd read", "revision", rev, "keys", len(seen), "partial", partial)
	return nil
}

func (v *View) take(b *Batch, kv *mvccpb.KeyValue, seen map[string]bool) {
	key := string(kv.Key)
	seen[key] = true
	v.note(b, key, Event{Value: value(kv.Value), Rev: kv.ModRevision, Created: kv.CreateRevision})
}

// deliver joins the batches with what is pending; southbound events wait while
// a change is unfinished, and until there is a complete state everything does.
func (v *View) deliver(south, chassis *Batch) {
	if south != nil && len(south.Events) > 0 {
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

// pages calls f for every key under the prefix as of rev.
func (v *View) pages(ctx context.Context, prefix string, rev int64, f func(*mvccpb.KeyValue)) error {
	end := clientv3.GetPrefixRangeEnd(prefix)
	for from := prefix; ; {
		res, err := v.get(ctx, from, clientv3.WithRange(end), clientv3.WithRev(rev), clientv3.WithLimit(v.cfg.PageSize))
		if err != nil {
			return v.fail("read", err)
		}
		for _, kv := range res.Kvs {
			f(kv)
		}
		if !res.More || len(res.Kvs) == 0 {
			return nil
		}
		from = string(res.Kvs[len(res.Kvs)-1].Key) + "\x00"
	}
}

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
