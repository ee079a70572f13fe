package ofctrl

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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
	b.ReportMetric(150, "goal-ns/op")
	b.ReportMetric(0, "goal-allocs/op")
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

// installAll puts flows into a bridge that holds none.
func installAll(b *testing.B, c *Controller, flows []Flow) {
	b.Helper()
	c.Update(Update{Gen: 2, Complete: true, Flows: []OwnerFlows{{Owner: "all", Flows: flows}}})
	installedGen(b, c, 2)
}

// BenchmarkFull100k is the time from 100,000 flows in memory to the barrier
// behind them; the peer is ovs-ofctl, with the same flows from a file.
func BenchmarkFull100k(b *testing.B) {
	flows := manyFlows(100_000)
	file := filepath.Join(b.TempDir(), "flows")
	var text strings.Builder
	for _, f := range flows {
		fmt.Fprintln(&text, f)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	var ours, theirs time.Duration
	for range b.N {
		sw := ovstest.StartBridge(b)
		began := time.Now()
		sw.Ofctl("add-flows", file, "--bundle")
		theirs += time.Since(began)
		sw.KillVswitchd()
		sw.StartVswitchd()

		c := start(b, Config{Target: sw.Mgmt()})
		c.Update(Update{Gen: 1, Complete: true})
		installedGen(b, c, 1)
		began = time.Now()
		installAll(b, c, flows)
		ours += time.Since(began)
	}
	b.ReportMetric(ours.Seconds()*1e3/float64(b.N), "ms")
	b.ReportMetric(theirs.Seconds()*1e3/float64(b.N), "peer-ms")
	b.ReportMetric(1.2, "goal-ratio-ms")
}

// BenchmarkReconnect100k connects to a bridge that holds 100,000 flows as they
// are wanted. The time is that until this is known.
func BenchmarkReconnect100k(b *testing.B) {
	flows := manyFlows(100_000)
	sw := ovstest.StartBridge(b)
	installAll(b, start(b, Config{Target: sw.Mgmt()}), flows)
	b.ResetTimer()
	mods := uint64(0)
	for range b.N {
		c := start(b, Config{Target: sw.Mgmt()})
		installAll(b, c, flows)
		n := c.Status().Counters
		mods += n.FlowAdds + n.FlowDeletes
	}
	b.ReportMetric(float64(mods), "flow-mods")
	b.ReportMetric(0, "goal-flow-mods")
}

// BenchmarkOneChange is the median time from the change of one flow to the barrier
// behind it; the peer is the same with 1,000 flows in the switch.
func BenchmarkOneChange(b *testing.B) {
	var few time.Duration
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := start(b, Config{Target: ovstest.StartBridge(b).Mgmt(), Audit: time.Hour})
			installAll(b, c, manyFlows(n))
			took := make([]time.Duration, b.N)
			b.ResetTimer()
			for i := range b.N {
				gen, began := int64(3+i), time.Now()
				c.Update(Update{Gen: gen, Flows: []OwnerFlows{{Owner: "one", Flows: []Flow{{Table: 1, Priority: 1, Match: regMatch(uint64(i)), Actions: out(1)}}}}})
				installedGen(b, c, gen)
				took[i] = time.Since(began)
			}
			slices.Sort(took)
			median := took[len(took)/2]
			b.ReportMetric(median.Seconds()*1e3, "ms")
			b.ReportMetric(3, "goal-ms")
			if n == 1000 {
				few = median
			} else if few > 0 {
				b.ReportMetric(few.Seconds()*1e3, "peer-ms")
				b.ReportMetric(1.5, "goal-ratio-ms") // what the noise of the machine needs
			}
		})
	}
}

// BenchmarkMemory is what the controller keeps for each of 100,000 flows, each
// with a match and actions of its own, which count as well.
func BenchmarkMemory(b *testing.B) {
	sw := ovstest.StartBridge(b)
	for range b.N {
		const n, each = 100_000, 50
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		ctx, cancel := context.WithCancel(context.Background())
		c := New(Config{Target: sw.Mgmt()})
		done := make(chan struct{})
		go func() { defer close(done); _ = c.Run(ctx) }()
		for i := range n / each {
			flows := manyFlows(each)
			for j := range flows {
				var m ofp.MatchBuilder
				m.Set(ofp.Metadata, uint64(i))
				m.Set(ofp.Reg(14), uint64(j))
				m.Set(ofp.EthDst, uint64(i*each+j))
				flows[j].Match = m.Match()
			}
			c.Update(Update{Gen: 1, Complete: i == n/each-1, Flows: []OwnerFlows{{Owner: fmt.Sprint("unit/0b1b4dbc-5a5e-4a77-b5e1-6b8f5e3a1c55/port-", i), Flows: flows}}})
		}
		waitStatus(b, c, func(s Status) bool { return s.Synced && s.Installed == n })
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/flow")
		b.ReportMetric(250, "goal-B/flow")
		cancel()
		<-done
	}
}
