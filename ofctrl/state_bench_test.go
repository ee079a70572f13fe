package ofctrl

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkState is what the state itself takes for each of 100,000 flows of
// 5,000 owners on their way to the switch: to be set, to be found missing, and
// to be noted as installed.
func BenchmarkState(b *testing.B) {
	const n, each = 100_000, 20
	flows := manyFlows(n)
	var set, take, note time.Duration
	b.ReportAllocs()
	for range b.N {
		u := Update{Complete: true}
		for i := range n / each {
			u.Flows = append(u.Flows, OwnerFlows{Owner: fmt.Sprint("unit-", i), Packed: Pack(flows[i*each : (i+1)*each])})
		}
		st := newState()
		began := time.Now()
		st.update(u)
		set += time.Since(began)

		began = time.Now()
		batch := st.take(newSwitchState())
		take += time.Since(began)
		if len(batch.flows) != n {
			b.Fatalf("%d flows, want %d", len(batch.flows), n)
		}
		items := batch.items()

		began = time.Now()
		st.noteFlows(items)
		note += time.Since(began)
	}
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(b.N) / n }
	b.ReportMetric(per(set), "set-ns/flow")
	b.ReportMetric(per(take), "take-ns/flow")
	b.ReportMetric(per(note), "note-ns/flow")
}
