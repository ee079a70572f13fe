package serve

import (
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

func TestProgress(t *testing.T) {
	type statuses = map[string]sb.Status
	p := progress{}
	for i, step := range []struct {
		cfg    int64
		status statuses
		want   int64
	}{
		{cfg: 1, status: statuses{}, want: 1}, // nobody to wait for
		{cfg: 2, status: statuses{"hv1": {NBCfg: 2}, "hv2": {NBCfg: 1}}, want: 1},
		// hv1 claimed a port at revision 50, which hv2 has not seen.
		{cfg: 2, status: statuses{"hv1": {NBCfg: 2, Claimed: 50, View: 50}, "hv2": {NBCfg: 2, View: 49}}, want: 1},
		// A claim after everybody had nb_cfg 2 is not waited for.
		{cfg: 2, status: statuses{"hv1": {NBCfg: 2, Claimed: 60, View: 60}, "hv2": {NBCfg: 2, View: 50}}, want: 2},
		// A new chassis holds the next value back, not this one.
		{cfg: 2, status: statuses{"hv1": {NBCfg: 2, View: 60}, "hv3": {}}, want: 2},
		{cfg: 3, status: statuses{"hv1": {NBCfg: 3, View: 60}, "hv3": {}}, want: 2},
		{cfg: 3, status: statuses{"hv1": {NBCfg: 3, View: 60}}, want: 3},
		// hv1 need not read its own claim, hv2 must.
		{cfg: 4, status: statuses{"hv1": {NBCfg: 4, Claimed: 80, View: 60}, "hv2": {NBCfg: 4, Claimed: 50, View: 79}}, want: 3},
		{cfg: 4, status: statuses{"hv1": {NBCfg: 4, Claimed: 80, View: 60}, "hv2": {NBCfg: 4, Claimed: 50, View: 80}}, want: 4},
		// nb_cfg was set back by hand.
		{cfg: 1, status: statuses{"hv1": {NBCfg: 1, View: 60}}, want: 1},
	} {
		p.compiled.NBCfg = step.cfg
		var names []string
		for name := range step.status {
			names = append(names, name)
		}
		if got := p.advance(step.status, names); got != step.want {
			t.Errorf("step %d: hv_cfg %d, want %d", i, got, step.want)
		}
	}
}

func TestProgressRestored(t *testing.T) {
	for _, tt := range []struct {
		name       string
		compiled   sb.Compiled
		status     map[string]sb.Status
		registered map[string]int64
		want       int64
	}{
		{"nobody to wait for", sb.Compiled{NBCfg: 7, Agents: 50}, nil, nil, 7},
		{"told after it was compiled", sb.Compiled{NBCfg: 7, HVCfg: 6, Agents: 50},
			map[string]sb.Status{"hv1": {NBCfg: 7}, "hv2": {NBCfg: 8}}, map[string]int64{"hv1": 10, "hv2": 50}, 7},
		{"not told yet", sb.Compiled{NBCfg: 7, HVCfg: 6, Agents: 50},
			map[string]sb.Status{"hv1": {NBCfg: 7}, "hv2": {NBCfg: 6}}, map[string]int64{"hv1": 10, "hv2": 20}, 6},
		{"a chassis came after what was told", sb.Compiled{NBCfg: 7, HVCfg: 6, Agents: 50},
			map[string]sb.Status{"hv1": {NBCfg: 7}}, map[string]int64{"hv1": 10, "hv3": 60}, 7},
		{"and something else was compiled then", sb.Compiled{NBCfg: 7, HVCfg: 7, Agents: 70},
			map[string]sb.Status{"hv1": {NBCfg: 7}}, map[string]int64{"hv1": 10, "hv3": 60}, 7},
		{"nb_cfg was set back by hand", sb.Compiled{NBCfg: 2, HVCfg: 7, Agents: 70},
			map[string]sb.Status{"hv1": {NBCfg: 7}}, map[string]int64{"hv1": 10}, 2},
	} {
		p := progress{compiled: tt.compiled}
		p.restore(tt.status, tt.registered)
		if p.hv != tt.want {
			t.Errorf("%s: hv_cfg %d, want %d", tt.name, p.hv, tt.want)
		}
	}
}
