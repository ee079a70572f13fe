package lflow

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLimits: texts made to hurt are refused with a clear error, or handled,
// in bounded time.
func TestLimits(t *testing.T) {
	and := func(n int, format string) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf(format, i))
		}
		return strings.Join(parts, " && ")
	}
	for _, c := range []struct {
		name, match string
		code        Code // empty: accepted
	}{
		{"parentheses", strings.Repeat("(", 1e6), CodeLimit},
		{"negations", strings.Repeat("!", 1e6) + "ip4", CodeSyntax},
		{"negated parentheses at the limit", strings.Repeat("!(", MaxDepth-1) + "vlan.present" + strings.Repeat(")", MaxDepth-1), ""},
		{"negated parentheses", strings.Repeat("!(", 1e5) + "ip4", CodeLimit},
		{"length", strings.Repeat(" ", MaxLength+1), CodeLimit},
		{"nested at the limit", strings.Repeat("(", MaxDepth-1) + "ip4" + strings.Repeat(")", MaxDepth-1), ""},
		{"long set", "ip4.src == {" + strings.Repeat("10.0.0.1,", 4e5) + "}", ""},
		{"long chain", strings.Repeat("reg0[3] || ", 3e5) + "ip4", ""},
		{"alternatives of two fields", and(30, "(reg0[%d] == 1 || tcp.dst == 5 || eth.src == 3)"), ""},
		{"exponential", and(16, "(reg0[%[1]d] || reg1[%[1]d] || eth.src[%[1]d] || eth.dst[%[1]d])"), CodeLimit},
		{"masks of one field", and(40, "(ip6.src[%[1]d] || ip6.src[%[1]d] == 0 || ip6.src[64..127] != %[1]d)"), CodeLimit},
		{"masks without end", "reg1 > 1 && reg2 > 1 && reg0 > 1", ""},
		{"ranges", and(60, "ip6.src != ::%d"), ""},
		{"product of exclusions", "eth.src != 1 && eth.dst != 2 && ip6.src != ::1 && ip6.dst != ::2 && tcp.src != 3", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			err := through(c.match)
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			var e *Error
			switch errors.As(err, &e); {
			case c.code == "" && err != nil:
				t.Error(err)
			case c.code != "" && (e == nil || e.Code != c.code):
				t.Errorf("error %v, want code %s", err, c.code)
			}
		})
	}
}

func through(text string) error {
	e, err := ParseMatch(text, nil)
	if err != nil {
		return err
	}
	nf, err := Normalize(Annotate(e), func(string) bool { return false })
	if err != nil {
		return err
	}
	_, _, err = nf.Matches(func(*Symbol, string) (uint64, bool) { return 1, true }, 1)
	return err
}

// TestActionLimits is TestLimits for actions.
func TestActionLimits(t *testing.T) {
	for _, text := range []string{strings.Repeat("clone { ", 1e5), strings.Repeat(" ", MaxLength+1)} {
		var e *Error
		if _, err := ParseActions(text, Place{Pipeline: Ingress}, nil); !errors.As(err, &e) || e.Code != CodeLimit {
			t.Errorf("error %v, want code %s", err, CodeLimit)
		}
	}
	if as, err := ParseActions(strings.Repeat("next;", 1e5), Place{Pipeline: Ingress}, nil); err != nil || len(as) != 1e5 {
		t.Errorf("%d actions, %v", len(as), err)
	}
}

// TestErrors: where and what.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text string
		pos  int
		code Code
		says string
	}{
		{"ip4 && tcp.dts == 80", 7, CodeSymbol, "tcp.dts"},
		{"ip4.src == 10.0.0.256", 11, CodeLex, "10.0.0.256"},
		{"tcp.dst == 70000", 11, CodeValue, "17-bit constant does not fit into 16-bit field tcp.dst"},
		{"inport == eth.src", 10, CodeSyntax, "constant"},
		{"ip4 ip6", 4, CodeSyntax, "found `ip6' where end of input was expected"},
		{"ip4 && ip6 || arp", 11, CodeSyntax, "parenthesized"},
		{`eth.type != 0x800`, 0, CodeType, "nominal"},
		{"ip4.src == $x", 11, CodeReference, "$x"},
		{"tcp.dst == 5 && (arp", 20, CodeSyntax, "found end of input where `)' was expected"},
		{"ip4.src > 10.0.0.0/8", 0, CodeType, "masked"},
	} {
		_, err := ParseMatch(c.text, nil)
		var e *Error
		if !errors.As(err, &e) || e.Pos != c.pos || e.Code != c.code || !strings.Contains(e.Msg, c.says) {
			t.Errorf("%s: got %#v, want %d %s %q", c.text, e, c.pos, c.code, c.says)
		}
	}
}

// TestNewTable: definitions that make no sense are refused.
func TestNewTable(t *testing.T) {
	for _, d := range []Definition{
		{Name: "inport"}, // defined already
		{Name: "x", Width: 8, Prereq: "nowhere == 1"},
		{Name: "x", Width: 8, Prereq: "x == 1"},
		{Name: "x", Kind: KindPredicate, Expansion: "x && ip4"},
		{Name: "x", Kind: KindPredicate, Expansion: "ip4 &&"},
		{Name: "x", Kind: KindSubfield, Expansion: "tcp.dst[10..16]"},
		{Name: "x", Kind: KindSubfield, Expansion: "tcp.dst[1] tcp"},
	} {
		if _, err := Standard().Extend([]Definition{d}); err == nil {
			t.Errorf("%+v accepted", d)
		}
	}
	x, err := Standard().Extend([]Definition{{Name: "x", Kind: KindPredicate, Expansion: "tcp && ip4"}})
	if err != nil || x.Lookup("x") == nil || Standard().Lookup("x") != nil || x.Lookup("tcp") != Standard().Lookup("tcp") {
		t.Errorf("extended table %v, %v", x, err)
	}
}
