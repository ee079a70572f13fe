package chassisd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/chassisd/patch"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/schema/sb"
)

// cleanupTimeout bounds the whole of Cleanup.
const cleanupTimeout = 30 * time.Second

// Cleanup is the end of a chassis: its records, claims and status go from
// etcd, its tunnels, patch ports and the marks on its interfaces from the switch. It is run
// in place of Run. The flows stay: without a chassis nobody sends to them.
func (a *Agent) Cleanup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanupTimeout)
	defer a.group.Wait()
	defer cancel()
	a.start(ctx, "vswitch", a.vs.Run)
	for a.conf.Name == "" || a.link == nil {
		if err := a.once(ctx, nil); err != nil {
			return fmt.Errorf("chassisd: cleanup: %w (%v)", err, a.problems())
		}
		a.configure(ctx)
	}
	own := sb.RecordsOf(a.conf.Name)
	if _, err := a.link.client.Txn(ctx).Then(
		clientv3.OpDelete(own, clientv3.WithPrefix()), clientv3.OpDelete(sb.StatusKey(a.conf.Name)),
	).Commit(); err != nil {
		return fmt.Errorf("chassisd: cleanup: %w", err)
	}
	if a.loc.bridge == nil {
		return nil
	}
	var txn vswitch.Txn
	a.loc.clear(&txn, a.loc.bridge)
	return a.vs.Commit(ctx, &txn)
}

// clear takes the tunnels, the ways to physical networks and the marks of interfaces from a bridge.
func (l *local) clear(txn *vswitch.Txn, br *vswitch.Bridge) {
	ports := l.on(br)
	tunnel.Plan(txn, br.UUID, tunnel.Self{}, nil, l.tunnelPorts(ports), l.taken)
	patch.Plan(txn, l.patchBridge(br), nil, l.patchPorts(br, nil))
	for _, i := range slices.Sorted(maps.Keys(ports)) {
		if row := l.interfaces[i]; row != nil {
			txn.InterfaceIDs(row, nil, []string{ovnInstalled})
		}
	}
}
