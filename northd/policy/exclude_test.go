package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExclusions: what is found in a match, and what is left of it.
func TestExclusions(t *testing.T) {
	for match, want := range map[string]string{
		`ip4.dst != $a`:                             `[ip4.dst $a]`,
		`ip4 && ip4.dst!=10.0.0.0/8`:                `(ip4) [ip4.dst 10.0.0.0/8]`,
		`ip6.src != {fd00::1, fd00::/64} && tcp`:    `(tcp) [ip6.src {fd00::1, fd00::/64}]`,
		`(ip4.dst != $a)`:                           `((ip4.dst != $a))`,
		`ip4.dst != $a || udp`:                      `(ip4.dst != $a || udp)`,
		`(udp || tcp) && ip4.dst != $a && icmp4`:    `((udp || tcp)) (icmp4) [ip4.dst $a]`,
		`ip4.dst != $a // && ip4.src != $b`:         `(ip4.dst != $a // && ip4.src != $b)`,
		`inport != "a && \" ip4.dst != $b && x"`:    `(inport != "a && \" ip4.dst != $b && x")`,
		`inport == "a" && ip4.dst != $b /* && c */`: `(inport == "a") [ip4.dst $b]`,
		`ip4 /* || */ && ip4.dst != 10.0.0.0/8`:     `(ip4) [ip4.dst 10.0.0.0/8]`,
		`ip4 /*`:                                    `(ip4 /*)`,
		`tcp.dst != 80 && ip4.dst != $a.b`:          `(tcp.dst != 80) [ip4.dst $a.b]`,
		`!(ip4.dst == $a) && ip4.src[0..3] != 10`:   `(!(ip4.dst == $a)) (ip4.src[0..3] != 10)`,
	} {
		rest, out := exclusionsOf(match)
		for _, x := range out {
			rest = append(rest, "["+x.Field+" "+x.Value+"]")
		}
		if diff := cmp.Diff(want, strings.Join(rest, " ")); diff != "" {
			t.Errorf("%s: %s", match, diff)
		}
	}
}
