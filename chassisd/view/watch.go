package view

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema/sb"
)

// follow watches until a watch ends, and says why it did.
func (v *View) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	if err := v.adjust(ctx); err != nil {
		return err
	}
	south := v.watch(ctx, sb.Prefix, v.sbNext)
	chassis := v.watch(ctx, sb.ChassisPrefix, v.chNext)
	probe := time.NewTicker(v.cfg.Probe)
	defer probe.Stop()
	answers := make(chan error, 1)
	asking := false
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case res, ok := <-south:
			err = v.southbound(ctx, res, ok)
		case res, ok := <-chassis:
			err = v.chassisKeys(res, ok)
		case <-v.wake:
			err = v.adjust(ctx)
		case v.offer() <- v.pending:
			v.told()
		case <-probe.C:
			if !asking {
				asking = true
				max := max(v.sbNext, v.chNext) - 1
				go func() { answers <- v.ask(ctx, max, v.cluster) }()
			}
		case err := <-answers:
			asking = false
			if err == errReread {
				return err
			}
			v.update(func(s *State) { s.Connected, s.Err = err == nil, err })
		}
		if err != nil {
			return err
		}
	}
}

func (v *View) watch(ctx context.Context, prefix string, from int64) clientv3.WatchChan {
	return v.cfg.Client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(from), clientv3.WithProgressNotify())
}

// ask is the probe: is etcd there, and is it the one that we read? An etcd
// that was restored from a backup counts from an older revision.
func (v *View) ask(ctx context.Context, rev int64, cluster uint64) error {
	res, err := v.get(ctx, sb.StatusKey(v.cfg.Name), clientv3.WithCountOnly())
	if err != nil {
		return v.fail("probe", err)
	}
	if res.Header.ClusterId != cluster || res.Header.Revision < rev {
		v.cfg.Log.Warn("etcd has another history than before", "revision", res.Header.Revision, "seen", rev)
		return errReread
	}
	return nil
}

// ended tells why a watch is over, nil while it goes on.
func (v *View) ended(res clientv3.WatchResponse, ok bool) error {
	if !ok {
		return v.fail("watch", context.Canceled)
	}
	if err := res.Err(); err != nil {
		return v.fail("watch", err)
	}
	return nil
}

// southbound takes a response of the southbound watch.
func (v *View) southbound(ctx context.Context, res clientv3.WatchResponse, ok bool) error {
	if err := v.ended(res, ok); err != nil {
		return err
	}
	for evs := res.Events; len(evs) > 0; {
		n := sameRevision(evs)
		if err := v.revision(ctx, evs[:n]); err != nil {
			return err
		}
		evs = evs[n:]
	}
	v.sbNext = max(v.sbNext, progress(res)+1)
	v.heard(res)
	return nil
}

// revision takes the southbound events of one revision. Where it fails it has
// changed nothing that taking them again would not.
func (v *View) revision(ctx context.Context, evs []*clientv3.Event) error {
	rev, b, partial := evs[0].Kv.ModRevision, newBatch(), v.partial
	if v.reformed(evs) {
		return errReread
	}
	for _, ev := range evs {
		key, put := string(ev.Kv.Key), ev.Type == clientv3.EventTypePut
		if !v.flows.follows(key) || v.isAnothers(key) {
			continue
		}
		if put {
			v.flows.note(key, value(ev.Kv.Value))
		} else {
			v.flows.note(key, nil)
		}
		if key == compiledKey && put {
			partial = isPartial(ev.Kv.Value)
		}
		b.event(ev)
	}
	if err := v.regroup(ctx, b, rev); err != nil {
		return err
	}
	v.partial, v.sbNext = partial, rev+1
	v.deliver(b, nil)
	return nil
}

// chassisKeys takes a response of the watch of the chassis' keys.
func (v *View) chassisKeys(res clientv3.WatchResponse, ok bool) error {
	if err := v.ended(res, ok); err != nil {
		return err
	}
	b := newBatch()
	for _, ev := range res.Events {
		b.event(ev)
		b.Chassis = ev.Kv.ModRevision
		v.chNext = ev.Kv.ModRevision + 1
	}
	v.chNext = max(v.chNext, progress(res)+1)
	b.ChassisEvents = len(res.Events) > 0
	if b.ChassisEvents {
		v.deliver(nil, b)
	}
	v.heard(res)
	return nil
}

func (b *Batch) event(ev *clientv3.Event) {
	if ev.Type == clientv3.EventTypePut {
		b.take(ev.Kv)
	} else {
		b.Events[string(ev.Kv.Key)] = Event{Rev: ev.Kv.ModRevision}
	}
}

func (v *View) heard(res clientv3.WatchResponse) {
	v.update(func(s *State) {
		s.Connected, s.Err = true, nil
		s.Revision = max(s.Revision, res.Header.Revision)
	})
}

// progress is the revision up to which an empty response says that there was
// nothing; the header of one with events says nothing about the watch.
func progress(res clientv3.WatchResponse) int64 {
	if res.IsProgressNotify() {
		return res.Header.Revision
	}
	return 0
}

// sameRevision counts the leading events that one transaction wrote.
func sameRevision(evs []*clientv3.Event) int {
	n := 1
	for n < len(evs) && evs[n].Kv.ModRevision == evs[0].Kv.ModRevision {
		n++
	}
	return n
}
