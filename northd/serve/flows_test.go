package serve

import (
	"fmt"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
	"github.com/weft-sdn/weft/store/etcd"
)

// TestAllFlowsOnceOverTheChunks: what listing costs a datapath does not depend
// on how many there are.
func TestAllFlowsOnceOverTheChunks(t *testing.T) {
	flow := func(n int) []sb.Flow {
		return []sb.Flow{{Stage: "s", Priority: uint16(n), Match: "1", Actions: "next;"}}
	}
	each := func(datapaths int) time.Duration {
		db, err := store.Open(t.Context(), store.Config{
			Schema: sb.Schema(), Client: startEtcd(t).Client, Prefix: sb.Prefix, Limits: store.Limits(etcd.EmbeddedLimits())})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		group := schema.NameUUID("group")
		w := store.Write{Blobs: []store.BlobChange{{Path: sb.FlowPath(group, "all"), New: sb.EncodeFlows(flow(1))}}}
		var ids []schema.UUID
		for n := range datapaths {
			ids = append(ids, schema.NameUUID(fmt.Sprint(n)))
			w.Blobs = append(w.Blobs, store.BlobChange{Path: sb.FlowPath(ids[n], "own"), New: sb.EncodeFlows(flow(2))})
		}
		if _, err := db.Write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		snap := db.Snapshot()
		best := time.Hour
		for range 5 {
			start := time.Now()
			owned := newOwnedFlows(snap)
			for _, id := range ids {
				flows, err := owned.datapath(id, []schema.UUID{group})
				if err != nil || len(flows) != 2 || flows[0].Priority != 2 || flows[1].uuid == flows[0].uuid {
					t.Fatalf("%v, %v", flows, err)
				}
			}
			best = min(best, time.Since(start)/time.Duration(datapaths))
		}
		return best
	}
	if few, many := each(100), each(4000); many > 4*few+10*time.Microsecond {
		t.Errorf("a datapath takes %v among 100, %v among 4,000", few, many)
	}
}
