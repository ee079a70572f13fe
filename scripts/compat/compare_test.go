package main

import (
	"strings"
	"testing"
)

// Each row: what became of a test with stock and with weft, what differences
// say, and the lines of the report below the first.
func TestCompare(t *testing.T) {
	meant := []difference{{"s", `^T\.a$`, "a reason"}, {"other", ".", "of another suite"}}
	tests := []struct {
		name, stock, weft string
		differences       []difference
		title, lines      string
	}{
		{"both pass", "pass", "pass", nil, "stock passes 1 of 1, weft 1", ""},
		{"weft fails", "pass", "fail", nil, "stock passes 1 of 1, weft 0", "FAIL T.a: the last"},
		{"weft dies", "pass", "", nil, "stock passes 1 of 1, weft 0", "FAIL T.a: did not run"},
		{"weft skips", "pass", "skip", nil, "stock passes 1 of 1, weft 0", "FAIL T.a: the last"},
		{"stock fails too", "fail", "fail", nil, "stock passes 0 of 1, weft 0", ""},
		{"stock alone fails", "fail", "pass", nil, "stock passes 0 of 1, weft 1", ""},
		{"both skip", "skip", "skip", nil, "stock passes 0 of 0, weft 0", ""},
		{"meant", "pass", "fail", meant, "stock passes 1 of 1, weft 0", "a reason: T.a"},
		{"meant no more", "pass", "pass", meant, "stock passes 1 of 1, weft 1", `no test fails any more that differences calls ^T\.a$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			side := func(verdict string) map[string]result {
				if verdict == "" {
					return nil
				}
				return map[string]result{"T.a": {"T.a", verdict, "first\nthe last\n"}}
			}
			r := compare("s", side(tt.stock), side(tt.weft), tt.differences, true)
			title, lines, _ := strings.Cut(r.text(false), "\n")
			if got := strings.TrimPrefix(title, ": "); got != tt.title {
				t.Errorf("title %q, want %q", got, tt.title)
			}
			if got := strings.TrimSpace(lines); got != tt.lines {
				t.Errorf("lines %q, want %q", got, tt.lines)
			}
			if got, want := r.ok(), tt.lines == "" || strings.HasPrefix(tt.lines, "a reason"); got != want {
				t.Errorf("ok is %v", got)
			}
		})
	}
}
