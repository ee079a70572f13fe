package main

import (
	"slices"
	"testing"
)

func TestBenchmarksOf(t *testing.T) {
	const source = `package x

func BenchmarkAdd(b *testing.B) { for b.Loop() {} }
func Benchmark(b *testing.B) {}
func Benchmark_2(bench *testing.B) {
}
func Benchmarked(b *testing.B) {}
func benchmarkOf(b *testing.B, n int) {}
func BenchmarkOf(b *testing.B, n int) {}
func TestAdd(t *testing.T) {}
	func BenchmarkInText(b *testing.B) {}
`
	if got, want := benchmarksOf([]byte(source)), []string{"BenchmarkAdd", "Benchmark", "Benchmark_2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
