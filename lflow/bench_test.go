package lflow

import (
	"fmt"
	"testing"
)

// typical is a match of 80 characters.
const typical = `inport == "sw0-port1" && eth.src == 40:44:00:00:00:01 && ip4.src == 192.168.0.11`

func BenchmarkParseMatch(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseMatch(typical, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1500, "goal-ns/op")
	b.ReportMetric(9, "goal-allocs/op")
}

// TestParseMatchAllocs holds ParseMatch to its budget.
func TestParseMatchAllocs(t *testing.T) {
	if len(typical) != 80 {
		t.Fatalf("the match has %d characters", len(typical))
	}
	n := testing.AllocsPerRun(100, func() {
		if _, err := ParseMatch(typical, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n >= 10 {
		t.Errorf("%v allocations, want fewer than 10", n)
	}
}

// BenchmarkArena takes a match to flow matches in memory that is used again.
func BenchmarkArena(b *testing.B) {
	b.ReportAllocs()
	var a Arena
	port := func(*Symbol, string) (uint64, bool) { return 1, true }
	for b.Loop() {
		e, err := a.ParseMatch(typical, nil)
		if err != nil {
			b.Fatal(err)
		}
		nf, err := a.Normalize(a.AnnotateFlow(e, nil), nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := a.Matches(nf, port, 1); err != nil {
			b.Fatal(err)
		}
		a.Reset()
	}
	b.ReportMetric(3000, "goal-ns/op")
	b.ReportMetric(0, "goal-allocs/op")
}

func BenchmarkNormalize(b *testing.B) {
	e, err := ParseMatch(typical, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Normalize(Annotate(e), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAddressSet takes a match with 10,000 addresses to flow matches.
func BenchmarkAddressSet(b *testing.B) {
	members := make([]Constant, 10000)
	for i := range members {
		c, err := ParseConstant(fmt.Sprintf("10.%d.%d.%d", i%7, i/200, i%200))
		if err != nil {
			b.Fatal(err)
		}
		members[i] = c
	}
	o := &Options{AddressSet: func(string) ([]Constant, bool) { return members, true }}
	for _, text := range []string{"ip4.src == $set", "ip4.src != $set"} {
		b.Run(text[8:10], func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = len(toMatches(b, text, o))
			}
			b.ReportMetric(float64(n), "matches")
			b.ReportMetric(10e6, "goal-ns/op")
		})
	}
}

func toMatches(b *testing.B, text string, o *Options) []FlowMatch {
	e, err := ParseMatch(text, o)
	if err != nil {
		b.Fatal(err)
	}
	nf, err := Normalize(Annotate(e), nil)
	if err != nil {
		b.Fatal(err)
	}
	ms, _, err := nf.Matches(nil, 1)
	if err != nil {
		b.Fatal(err)
	}
	return ms
}
