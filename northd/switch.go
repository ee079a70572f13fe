package northd

import (
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// lswitch is a logical switch as features see it: not its ports, so that a
// port that comes or goes does not change it.
type lswitch struct {
	UUID         schema.UUID
	Name         string
	Name2        string // the cloud's name for it
	VLANPassthru bool
	Copp         schema.UUID
	WantKey      int
	Problems     []Problem
}

func equalSwitch(a, b *lswitch) bool {
	return a.UUID == b.UUID && a.Name == b.Name && a.Name2 == b.Name2 && a.VLANPassthru == b.VLANPassthru &&
		a.Copp == b.Copp && a.WantKey == b.WantKey && slices.Equal(a.Problems, b.Problems)
}

// parseSwitch is the row function of table "switch".
func (c *Compiler) parseSwitch(r *incr.Reader, id schema.UUID) (*lswitch, bool) {
	row, ok := incr.Get(r, c.ls, id)
	if !ok {
		return nil, false
	}
	s := &lswitch{UUID: id, Name: row.Name, Name2: row.ExternalIDs["neutron:network_name"],
		VLANPassthru: row.OtherConfig["vlan-passthru"] == "true"}
	p := &problems{table: "Logical_Switch", id: id, name: row.Name}
	s.WantKey = p.requestedKey("other_config", row.OtherConfig, c.maxDatapathKey)
	for _, f := range []struct {
		column string
		set    bool
	}{
		{"qos_rules", len(row.QoSRules) > 0},
		{"load_balancer", len(row.LoadBalancer) > 0},
		{"load_balancer_group", len(row.LoadBalancerGroup) > 0},
		{"dns_records", len(row.DNSRecords) > 0},
		{"forwarding_groups", len(row.ForwardingGroups) > 0},
	} {
		if f.set {
			p.add(f.column, notYet)
		}
	}
	if row.OtherConfig["mcast_snoop"] == "true" {
		p.add("other_config", "mcast_snoop: "+notYet)
	}
	s.copp(c, r, row.Copp, p)
	s.Problems = p.list
	return s, true
}

// notYet is the reason for what is stored and shown, but does nothing.
const notYet = "not implemented yet"

// problems collects what is wrong with one row.
type problems struct {
	table string
	id    schema.UUID
	name  string
	list  []Problem
}

func (p *problems) add(column, reason string) {
	p.list = append(p.list, Problem{p.table, p.id, p.name, column, reason})
}

// requestedKey returns requested-tnl-key of a map column, or 0.
func (p *problems) requestedKey(column string, m map[string]string, size int) int {
	text, ok := m["requested-tnl-key"]
	if !ok {
		return 0
	}
	k, err := strconv.Atoi(text)
	if err != nil || k < 1 || k > size {
		p.add(column, "requested-tnl-key: "+strconv.Quote(text)+" is not a number from 1 to "+strconv.Itoa(size))
		return 0
	}
	return k
}
