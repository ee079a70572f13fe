package northd_test

import (
	"fmt"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema/sb"
)

// The budget of Logical_DP_Groups: agents have 40 bits to tell groups by
// (docs/decisions/0004-bits-for-groups.md), and each group that a datapath is
// in may take one. Families of features share it, so that sets of options add
// up and do not multiply.
const (
	groupBudget = 40 // in all, for a cloud of many sets of options
	perDatapath = 6
)

// TestGroupBudget measures it: 500 switches and 50 routers of 20 different
// sets of options each.
func TestGroupBudget(t *testing.T) {
	n := northdtest.New(northd.Options{})
	n.Do(t, "meter limit 10")
	for i := range 500 {
		sw, set := fmt.Sprint("sw", i), i%20
		n.Do(t, fmt.Sprintf("ls %s other_config vlan-passthru=%v", sw, set%2 == 1))
		address := fmt.Sprintf("0a:00:00:00:%02x:%02x", i>>8, i&255)
		if set%4 > 1 {
			address = "unknown"
		}
		n.Do(t, fmt.Sprintf("lsp %s p%d addresses %s", sw, i, address))
		if set >= 4 { // four without ACLs
			action := []string{"allow-related", "drop"}[set/4%2]
			n.Do(t, fmt.Sprintf("acl %s acl%d to-lport 1 ip4 %s tier %d", sw, i, action, set/8))
		}
		if set%5 == 0 {
			n.Do(t, fmt.Sprintf("copp %s reject=limit", sw))
		}
	}
	for i := range 50 {
		n.Do(t, fmt.Sprintf("lr r%d options always_learn_from_arp_request=%v,dynamic_neigh_routers=%v,mcast_relay=%v", i, i%2 == 0, i/2%2 == 0, i/4%5 == 0))
		n.Do(t, fmt.Sprintf("lrp r%d r%d-sw mac 0a:01:00:00:00:%02x networks 10.%d.0.1/16", i, i, i, i))
		n.Do(t, fmt.Sprintf("lsp sw%d sw%d-r type router addresses router options router-port=r%d-sw", i, i, i))
	}
	n.Apply(t)
	of := map[string]int{}
	most := 0
	groups := n.SB["Logical_DP_Group"]
	for _, row := range groups {
		for _, dp := range row.(*sb.LogicalDPGroup).Datapaths {
			of[dp.String()]++
			most = max(most, of[dp.String()])
		}
	}
	t.Logf("%d groups, at most %d for a datapath", len(groups), most)
	if len(groups) > groupBudget || most > perDatapath {
		t.Errorf("%d groups, at most %d for a datapath; the budget is %d and %d", len(groups), most, groupBudget, perDatapath)
	}
}
