package store

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// watched is what the watch of the prefix saw: the events of one revision, that
// there were no others up to one, or that it has lost track.
type watched struct {
	rev      int64
	events   []*clientv3.Event
	progress bool
	lost     string
}

// watch follows everything under the prefix, our own writes included.
func (l *loop) watch(ctx context.Context, from int64) {
	for ctx.Err() == nil {
		wctx, cancel := context.WithCancel(l.stream.Open(ctx))
		for r := range l.cfg.Client.Watch(wctx, l.cfg.Prefix, clientv3.WithPrefix(), clientv3.WithRev(from)) {
			if r.CompactRevision != 0 {
				from = r.CompactRevision
				l.tell(ctx, watched{lost: "etcd has compacted what was not seen yet"})
			}
			for _, w := range byRevision(r.Events) {
				l.tell(ctx, w)
				from = w.rev + 1
			}
			if n := len(r.Events); n > 0 && l.cfg.Seen != nil {
				l.cfg.Seen(r.Events[n-1])
			}
			if r.IsProgressNotify() {
				l.tell(ctx, watched{rev: r.Header.Revision, progress: true})
				from = r.Header.Revision + 1
			}
		}
		cancel()
		sleep(ctx, reloadPause)
	}
}

func (l *loop) tell(ctx context.Context, w watched) {
	select {
	case l.events <- w:
	case <-ctx.Done():
	}
}

// byRevision groups events; etcd never splits a revision between responses
// that are not fragments.
func byRevision(events []*clientv3.Event) []watched {
	var out []watched
	for _, e := range events {
		if n := len(out); n == 0 || out[n-1].rev != e.Kv.ModRevision {
			out = append(out, watched{rev: e.Kv.ModRevision})
		}
		w := &out[len(out)-1]
		w.events = append(w.events, e)
	}
	return out
}
