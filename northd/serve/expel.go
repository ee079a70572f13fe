package serve

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// expel takes a client's deletion of a chassis's row for what it means: the
// chassis's own key is deleted too. An agent that lives will write it again. Of a
// hidden chassis the Chassis_Private is all that a client sees, and stands for
// all that it has written.
func (l *leading) expel(ctx context.Context, commits []*store.Commit) {
	for _, c := range commits {
		if !foreign(c.Client) {
			continue // what we show no longer is still there
		}
		for _, ch := range c.Changes {
			if ch.New != nil || ch.Table.Owner != schema.OwnerChassis {
				continue
			}
			if p, ok := ch.Old.(*sb.ChassisPrivate); ok && l.agents.hidden[p.Name] != "" {
				l.forget(ctx, p.Name)
				continue
			}
			for _, r := range l.agents.of(rowID{ch.Table, ch.UUID}) {
				l.deleteKey(ctx, sb.RecordKey(r.chassis, ch.Table.Name, ch.UUID), r.rev)
			}
		}
	}
}

// deleteKey deletes the key if it is as we know it: what an agent that lives
// has written again meanwhile stays.
func (l *leading) deleteKey(ctx context.Context, key string, rev int64) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if _, err := l.etcd.Txn(ctx).If(l.tenure.guard(), clientv3.Compare(clientv3.ModRevision(key), "=", rev)).Then(clientv3.OpDelete(key)).Commit(); err != nil {
		l.log.Warn("cannot delete the key of a deleted row", "key", key, "err", err)
	}
}

// forget deletes all that a chassis has written.
func (l *leading) forget(ctx context.Context, chassis string) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if _, err := l.etcd.Txn(ctx).If(l.tenure.guard()).Then(
		clientv3.OpDelete(sb.RecordsOf(chassis), clientv3.WithPrefix()), clientv3.OpDelete(sb.StatusKey(chassis)),
	).Commit(); err != nil {
		l.log.Warn("cannot delete what a chassis has written", "chassis", chassis, "err", err)
	}
}
