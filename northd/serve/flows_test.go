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

// BenchmarkDump is what a flow costs that is shown: it is made out of its bucket and
// written as JSON.
func BenchmarkDump(b *testing.B) {
	owner := schema.NameUUID("datapath")
	var units []sb.Unit
	for n := range 8 {
		hint := schema.NameUUID(fmt.Sprint("port", n))
		units = append(units, sb.Unit{Name: hint.String(), Chunk: sb.EncodeFlows([]sb.Flow{
			{Table: 17, Priority: 100, Match: fmt.Sprintf(`arp.tpa == 10.0.0.%d && arp.op == 1 && inport == "sw0-p%d"`, n, n), Actions: "next;", Stage: "ls_in_arp_rsp", Source: "l2", Hint: hint},
			{Table: 17, Priority: 50, Match: fmt.Sprintf("arp.tpa == 10.0.0.%d && arp.op == 1", n),
				Actions: "eth.dst = eth.src; eth.src = 40:44:00:00:00:01; arp.op = 2; arp.tha = arp.sha; arp.sha = 40:44:00:00:00:01; arp.tpa = arp.spa; arp.spa = 10.0.0.1; outport = inport; flags.loopback = 1; output;",
				Stage:   "ls_in_arp_rsp", Source: "l2", Hint: hint},
			{Table: 27, Priority: 50, Match: fmt.Sprintf("eth.dst == 40:44:00:00:00:%02x", n), Actions: fmt.Sprintf(`outport = "sw0-p%d"; output;`, n), Stage: "ls_in_l2_lkup", Source: "l2", Hint: hint},
		})})
	}
	bucket := sb.EncodeUnits(units)
	path := sb.BucketPath(owner, 0, 0)
	table := sb.Schema().Table("Logical_Flow")
	var text []byte
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		err := expandFlows(store.Blob{Path: path, Owner: owner, Data: bucket}, false, func(row schema.Row) bool {
			text = text[:0]
			for _, c := range table.Columns {
				text = c.AppendJSON(text, row)
			}
			rows++
			return true
		})
		if err != nil || rows%24 != 0 {
			b.Fatal(rows, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/flow")
}
