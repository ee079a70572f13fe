package serve

import (
	"sync"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// owners knows which southbound rows are written by a live chassis, so that a
// client's write of the chassis's own columns can be refused with its name.
// The store's goroutine asks, leading.run tells.
type owners struct {
	mu sync.Mutex
	of map[rowID]string // guarded by mu
}

func newOwners() *owners { return &owners{of: map[rowID]string{}} }

func (o *owners) set(id rowID, records []record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(records) == 0 {
		delete(o.of, id)
		return
	}
	o.of[id] = newest(records).chassis
}

func (o *owners) chassis(id rowID) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of[id]
}

// authorize refuses updates of columns that a chassis writes. Deleting the
// row is allowed: the leader deletes the chassis's key then.
func (o *owners) authorize(_ store.Client, op string, t *schema.Table, cols []*schema.Column, row schema.Row) error {
	if op != "update" && op != "mutate" || row == nil {
		return nil
	}
	for _, c := range cols {
		if c.Owner != schema.OwnerChassis {
			continue
		}
		if name := o.chassis(rowID{t, row.RowUUID()}); name != "" {
			return store.Errorf(store.ErrPermission,
				"column %s of row %s in table %s is written by chassis %q itself; it would write it again",
				c.Name, row.RowUUID(), t.Name, name)
		}
	}
	return nil
}
