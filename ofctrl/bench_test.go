package ofctrl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// Encoding a flow for a bundle costs no allocation.
func TestEncodeAllocs(t *testing.T) {
	flows := manyFlows(100)
	buf := make([]byte, 0, 1<<20)
	n := testing.AllocsPerRun(10, func() {
		buf = buf[:0]
		for i := range flows {
			op := flowOp{key: flows[i].Key(), want: installed{flows[i].Cookie, flows[i].Actions, false}}
			buf = appendItem(buf, uint32(i), 1, &item{flow: &op})
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for 100 flows", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	flows := manyFlows(1000)
	buf := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for i := range b.N {
		if i%1000 == 0 {
			buf = buf[:0]
		}
		f := &flows[i%1000]
		op := flowOp{key: f.Key(), want: installed{f.Cookie, f.Actions, false}}
		buf = appendItem(buf, uint32(i), 1, &item{flow: &op})
	}
}

func BenchmarkMatchAndActions(b *testing.B) {
	var m ofp.MatchBuilder
	var a ofp.ActionBuilder
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for i := range b.N {
		m.Reset()
		m.Set(ofp.Metadata, uint64(i))
		m.Set(ofp.Reg(14), uint64(i))
		m.Set(ofp.EthDst, uint64(i))
		buf = m.Append(buf[:0])
		a.Reset()
		a.SetField(ofp.Reg(15), ofp.U64(uint64(i)))
		a.Resubmit(44)
	}
}

func BenchmarkReadBackParse(b *testing.B) {
	m := manyFlows(1)[0].Match
	raw := []byte(m)
	var mb ofp.MatchBuilder
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for range b.N {
		mb.Reset()
		if err := mb.Decode(raw); err != nil {
			b.Fatal(err)
		}
		buf = mb.Append(buf[:0])
	}
}

// BenchmarkFull100k is the time from 100,000 flows in memory to the barrier, and
// what ovs-ofctl takes for the same flows from a file.
func BenchmarkFull100k(b *testing.B) {
	const n = 100_000
	flows := manyFlows(n)
	file := filepath.Join(b.TempDir(), "flows")
	var text strings.Builder
	for _, f := range flows {
		fmt.Fprintln(&text, f)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		sw := ovstest.StartBridge(b)
		began := time.Now()
		sw.Ofctl("add-flows", file, "--bundle")
		theirs := time.Since(began)
		sw.KillVswitchd()
		sw.StartVswitchd()

		c := start(b, Config{Target: sw.Mgmt()})
		c.Update(Update{Gen: 1, Complete: true})
		installedGen(b, c, 1)
		began = time.Now()
		c.Update(Update{Gen: 2, Flows: []OwnerFlows{{Owner: "all", Flows: flows}}})
		installedGen(b, c, 2)
		ours := time.Since(began)

		began = time.Now()
		second := start(b, Config{Target: sw.Mgmt()})
		second.Update(Update{Gen: 2, Complete: true, Flows: []OwnerFlows{{Owner: "all", Flows: flows}}})
		installedGen(b, second, 2)
		again := time.Since(began)
		if n := second.Status().Counters; n.FlowAdds+n.FlowDeletes != 0 {
			b.Errorf("reconnect cost %d adds, %d deletes", n.FlowAdds, n.FlowDeletes)
		}
		began = time.Now()
		const rounds = 50
		for i := range rounds {
			c.Update(Update{Gen: int64(3 + i), Flows: []OwnerFlows{{Owner: "one", Flows: []Flow{{Table: 1, Priority: 1, Match: regMatch(uint64(i)), Actions: out(1)}}}}})
			installedGen(b, c, int64(3+i))
		}
		one := time.Since(began) / rounds
		b.ReportMetric(ours.Seconds()*1e3, "ms-ours")
		b.ReportMetric(theirs.Seconds()*1e3, "ms-ovs-ofctl")
		b.ReportMetric(ours.Seconds()/theirs.Seconds(), "ratio")
		b.ReportMetric(again.Seconds()*1e3, "ms-reconnect")
		b.ReportMetric(float64(one.Microseconds()), "us-one-change")
	}
}

// BenchmarkMemory is what the controller keeps for a flow, strings included.
func BenchmarkMemory(b *testing.B) {
	sw := ovstest.StartBridge(b)
	for range b.N {
		const n = 50_000
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		ctx, cancel := context.WithCancel(context.Background())
		c := New(Config{Target: sw.Mgmt()})
		done := make(chan struct{})
		go func() { defer close(done); _ = c.Run(ctx) }()
		for i := range n / 50 {
			flows := manyFlows(50)
			for j := range flows {
				var m ofp.MatchBuilder
				m.Set(ofp.Metadata, uint64(i))
				m.Set(ofp.Reg(14), uint64(j))
				m.Set(ofp.EthDst, uint64(i*50+j))
				flows[j].Match = m.Match()
			}
			c.Update(Update{Gen: 1, Complete: i == n/50-1, Flows: []OwnerFlows{{Owner: fmt.Sprint(i), Flows: flows}}})
		}
		waitStatus(b, c, func(s Status) bool { return s.Synced && s.Installed == n })
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/flow")
		cancel()
		<-done
	}
}
