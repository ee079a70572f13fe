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
