package main

import (
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	tests := []struct {
		ours, peer *figure
		goal       goal
		want       string
	}{
		{seconds(5 * time.Millisecond), seconds(time.Second), goal{ratio: 1}, "bench x ours=5.0ms peer=1.00s ratio=0.005 goal=<=1x met"},
		{seconds(2 * time.Second), seconds(time.Second), goal{ratio: 1}, "bench x ours=2.00s peer=1.00s ratio=2.000 goal=<=1x short"},
		{&figure{1.25, "x"}, nil, goal{limit: &figure{1.5, "x"}}, "bench x ours=1.25x peer=- ratio=- goal=<=1.5x met"},
		{&figure{700, "ns/op"}, nil, goal{limit: &figure{500, "ns/op"}}, "bench x ours=700ns/op peer=- ratio=- goal=<=500ns/op short"},
		{&figure{700, "ns/op"}, nil, goal{}, "bench x ours=700ns/op peer=- ratio=- goal=- met"},
		{seconds(time.Second), nil, goal{ratio: 1}, "bench x ours=1.00s peer=- ratio=- goal=<=1x missing"},
		{seconds(time.Second), nil, goal{limit: seconds(2 * time.Second), ratio: 1}, "bench x ours=1.00s peer=- ratio=- goal=<=2.00s,<=1x missing"},
		{seconds(time.Second), nil, goal{limit: seconds(time.Millisecond), ratio: 1}, "bench x ours=1.00s peer=- ratio=- goal=<=1.0ms,<=1x short"},
		{nil, seconds(time.Microsecond), goal{ratio: 1}, "bench x ours=- peer=1.0µs ratio=- goal=<=1x missing"},
	}
	for _, tt := range tests {
		if got := line("x", columns{ours: tt.ours, peer: tt.peer}, tt.goal); got != tt.want {
			t.Errorf(" got %s\nwant %s", got, tt.want)
		}
	}
}

func TestGoLines(t *testing.T) {
	const out = `goos: linux
BenchmarkAdd-2        	   12345	       987.5 ns/op	      16 B/op	       1 allocs/op
BenchmarkGoal/deep-2  	     100	      2000 ns/op	      1500 goal-ns/op
BenchmarkTwo-2  	     100	      2000 ns/op	      1500 goal-ns/op	         2 allocs/op	         9 goal-allocs/op
BenchmarkPeer-2  	     1	      2000 ns/op	      30 ms	      20 peer-ms	         1.2 goal-ratio-ms
BenchmarkBoth-2  	     1	      2000 ns/op	      0 ms	      20 peer-ms	         1.2 goal-ratio-ms	    0 goal-ms
PASS`
	got := goLines("incr", medians(out), nil, nil)
	want := []string{
		"bench go/incr/BenchmarkAdd ours=987.5ns/op peer=- ratio=- goal=- met",
		"bench go/incr/BenchmarkGoal/deep ours=2000ns/op peer=- ratio=- goal=<=1500ns/op short",
		"bench go/incr/BenchmarkTwo:allocs/op ours=2allocs/op peer=- ratio=- goal=<=9allocs/op met",
		"bench go/incr/BenchmarkTwo:ns/op ours=2000ns/op peer=- ratio=- goal=<=1500ns/op short",
		"bench go/incr/BenchmarkPeer ours=30ms peer=20ms ratio=1.500 goal=<=1.2x short",
		"bench go/incr/BenchmarkBoth ours=0ms peer=20ms ratio=0.000 goal=<=0ms,<=1.2x met",
	}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf(" got %s\nwant %s", got[i], want[i])
		}
	}
}
