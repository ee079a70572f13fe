package main

import (
	"strings"
	"testing"
)

// Each row: events, the last line, and whether all is well.
func TestSummary(t *testing.T) {
	tests := []struct {
		name, events, last, has string
		ok                      bool
	}{
		{"pass, subtests counted once", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`, "1 passed, 0 failed, 0 skipped", "", true},
		{"skip with reason", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:3: no root\n"}
{"Action":"skip","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`, "0 passed, 0 failed, 1 skipped", "skipped because no root:\n    p A", true},
		{"fail tells its output", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:3: it broke\n"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`, "0 passed, 1 failed, 0 skipped", "it broke", false},
		{"does not compile", `
{"ImportPath":"p [p.test]","Action":"build-output","Output":"a.go:1:1: syntax error\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"start","Package":"p"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`, "0 passed, 1 failed, 0 skipped", "syntax error", false},
		{"a test ends the process", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"panic: while A ran\n"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p"}`, "0 passed, 1 failed, 0 skipped", "panic: while A ran", false},
		{"no verdict", `{"Action":"start","Package":"p"}`, "0 passed, 1 failed, 0 skipped", "ended without a verdict", false},
		{"a package in two processes, the first of which failed", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"output","Package":"p","Test":"A/x","Output":"    a_test.go:3: it broke\n"}
{"Action":"fail","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`, "1 passed, 1 failed, 0 skipped", "it broke", false},
		{"a package in two processes, the first of which died outside of a test", `
{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Output":"panic: died\n"}
{"Action":"fail","Package":"p"}
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`, "1 passed, 1 failed, 0 skipped", "panic: died", false},
		{"a package in two processes, the second without a verdict", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}
{"Action":"start","Package":"p"}`, "1 passed, 1 failed, 0 skipped", "ended without a verdict", false},
		{"the slowest", `
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/x","Elapsed":9}
{"Action":"pass","Package":"p","Test":"A","Elapsed":9}
{"Action":"run","Package":"p","Test":"B"}
{"Action":"pass","Package":"p","Test":"B","Elapsed":12.4}
{"Action":"run","Package":"p","Test":"C"}
{"Action":"pass","Package":"p","Test":"C","Elapsed":0.1}
{"Action":"pass","Package":"p"}`, "3 passed, 0 failed, 0 skipped", "slowest: p B 12s, p A/x 9s\n", true},
		{"nothing", ``, "0 passed, 1 failed, 0 skipped", "no test ran", false},
	}
	for _, tt := range tests {
		var b strings.Builder
		s := newSummary(&b)
		if err := s.read(strings.NewReader(tt.events)); err != nil {
			t.Fatal(err)
		}
		ok := s.report()
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if last := lines[len(lines)-1]; ok != tt.ok || last != tt.last || !strings.Contains(b.String(), tt.has) {
			t.Errorf("%s: ok=%v, last line %q, want %v %q with %q in\n%s", tt.name, ok, last, tt.ok, tt.last, tt.has, b.String())
		}
	}
}
