package lflow_test

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// TestExpand: variables are replaced but in strings; what lacks a value is no flow.
func TestExpand(t *testing.T) {
	values := map[string]string{"VIP": "10.9.0.1", "PORT": "80", "B": "10.0.0.1:81,10.0.0.2, [fd00::1]:82,x", "EMPTY": "", "TWO": "10.0.0.1:1,10.0.0.1:2", "LONG": strings.Repeat("1", lflow.MaxLength)}
	for _, c := range []struct{ match, actions, want string }{
		{"ip4", "next;", "ip4 => next;"},
		{"ip4.dst == ^VIP && tcp.dst == ^PORT", "ct_lb_mark(backends=^B);", "ip4.dst == 10.9.0.1 && tcp.dst == 80 => ct_lb_mark(backends=10.0.0.1:81,10.0.0.2, [fd00::1]:82,x);"},
		{`inport == "a^VIP\"^VIP" && ip4.dst == {^VIP, 1.1.1.1}`, "next;", `inport == "a^VIP\"^VIP" && ip4.dst == {10.9.0.1, 1.1.1.1} => next;`},
		{"ip4.dst == ^NONE", "next;", "no NONE"},
		{"ip4.dst == ^VIP", "reg0 = ^EMPTY; next;", "no EMPTY"},
		{"1 ^ 2 ^", "next;", "1 ^ 2 ^ => next;"},
		{lflow.Each("^B", "^PORT", "ip.src == ^each.ip && tcp.src == ^each.port"), "next(^each.port);",
			"ip.src == 10.0.0.1 && tcp.src == 81 => next(81); | ip.src == 10.0.0.2 && tcp.src == 80 => next(80); | ip.src == fd00::1 && tcp.src == 82 => next(82);"},
		{lflow.Each("^TWO", "", "ip.src == ^each.ip"), "next;", "ip.src == 10.0.0.1 => next;"},
		{lflow.Each("^B", "", "tcp.src == ^each.port"), "next;", "no each.port"},
		{lflow.Each("^NONE", "", "ip.src == ^each.ip"), "next;", "no NONE"},
		{lflow.Each("x", "", "ip.src == ^each.ip"), "next;", ""},
		{"each(^B", "next;", "each(10.0.0.1:81,10.0.0.2, [fd00::1]:82,x => next;"},
	} {
		all, missing := lflow.Texts{Match: c.match, Actions: c.actions}.Expand(func(name string) (string, bool) { v, ok := values[name]; return v, ok })
		var got []string
		for _, f := range all {
			got = append(got, f.Match+" => "+f.Actions)
		}
		if missing != "" {
			got = append(got, "no "+missing)
		}
		if s := strings.Join(got, " | "); s != c.want {
			t.Errorf("%s => %s: %q, want %q", c.match, c.actions, s, c.want)
		}
	}
	all, _ := lflow.Texts{Match: strings.Repeat("^LONG ", 1000)}.Expand(func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if n := len(all[0].Match); n > 3*lflow.MaxLength {
		t.Errorf("a text of %d bytes is made", n)
	}
}
