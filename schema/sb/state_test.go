package sb_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema/sb"
)

func TestWinner(t *testing.T) {
	claims := []sb.Claim{{"hv1", 10}, {"hv2", 30}, {"hv3", 20}, {"hv0", 30}}
	for _, c := range []struct {
		requested, want string
		claims          []sb.Claim
	}{
		{"", "", nil},
		{"hv1", "", nil},
		{"", "hv1", claims[:1]},
		{"", "hv2", claims[:3]},
		{"hv1", "hv1", claims},
		{"hv9", "hv2", claims[:3]},
		{"", "hv0", claims},
	} {
		if got := sb.Winner(c.requested, c.claims); got != c.want {
			t.Errorf("%q of %v: %q, want %q", c.requested, c.claims, got, c.want)
		}
	}
}

// TestWinnerOrder: everyone who sees the same claims names the same winner, in
// whatever order they were seen.
func TestWinnerOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) sb.Claim {
			return sb.Claim{Chassis: rapid.StringMatching(`hv[0-9]`).Draw(t, "chassis"), Revision: rapid.Int64Range(1, 4).Draw(t, "revision")}
		}), 0, 6, func(c sb.Claim) string { return c.Chassis }).Draw(t, "claims")
		requested := rapid.SampledFrom([]string{"", "hv1", "hv2"}).Draw(t, "requested")
		if a, b := sb.Winner(requested, claims), sb.Winner(requested, rapid.Permutation(claims).Draw(t, "seen")); a != b {
			t.Fatalf("%s and %s", a, b)
		}
	})
}

// TestStateJSON pins what lies in etcd.
func TestStateJSON(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{sb.Compiled{NBRevision: 7, NBCfg: 3}, `{"nb_revision":7,"nb_cfg":3}`},
		{sb.Compiled{Partial: true}, `{"nb_revision":0,"nb_cfg":0,"partial":true}`},
		{sb.Status{Applied: 1, NBCfg: 2, View: 3, Claimed: 4, Errors: []string{"x"}}, `{"applied":1,"nb_cfg":2,"view":3,"claimed":4,"errors":["x"]}`},
	} {
		if got, err := json.Marshal(c.v); err != nil || string(got) != c.want {
			t.Errorf("%s, %v; want %s", got, err, c.want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for _, c := range []struct {
		text    string
		claimed int64
	}{
		{`{"nb_cfg":2,"claimed":4}`, 4},
		{`{"nb_cfg":2,"claimed":4,"with_claims":true}`, 9},
	} {
		s, err := sb.ParseStatus([]byte(c.text), 9)
		if err != nil || s.NBCfg != 2 || s.Claimed != c.claimed || s.WithClaims {
			t.Errorf("%s: %+v, %v", c.text, s, err)
		}
	}
	if _, err := sb.ParseStatus([]byte("{"), 9); err == nil {
		t.Error("half a status is one")
	}
}
