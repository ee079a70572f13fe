package serve

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// expel takes a client's deletion of a chassis's row for what it means: the
// chassis's own key is deleted too. An agent that lives will write it again.
func (l *leading) expel(ctx context.Context, commits []*store.Commit) {
	for _, c := range commits {
		for _, ch := range c.Changes {
			if ch.New != nil || ch.Table.Owner != schema.OwnerChassis {
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
	if _, err := l.etcd.Txn(ctx).If(l.guard(), clientv3.Compare(clientv3.ModRevision(key), "=", rev)).Then(clientv3.OpDelete(key)).Commit(); err != nil {
		l.log.Warn("cannot delete the key of a deleted row", "key", key, "err", err)
	}
}
