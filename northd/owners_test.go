package northd_test

import (
	"slices"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestOwners: each stage has exactly one flow of priority 0 on any datapath,
// from the feature that owns it, and it matches everything.
func TestOwners(t *testing.T) {
	n := northdtest.New(northd.Options{})
	for _, line := range []string{
		"global default_acl_drop=true",
		"ls plain", "lsp plain p1 addresses \"0a:00:00:00:00:01 10.0.0.1\"",
		"ls passthru other_config vlan-passthru=true", "lsp passthru p2 addresses unknown",
		"ls stateless", `acl stateless a1 to-lport 1 "ip4" drop`,
		"ls stateful", `acl stateful a2 to-lport 1 "ip4" allow-related tier 2`, `acl stateful a3 from-lport 1 "ip4" reject options apply-after-lb=true`,
		"lr router", `lrp router r-plain mac 0a:00:00:00:00:ff networks 10.0.0.254/24`,
		"lsp plain plain-r type router addresses router options router-port=r-plain",
		"lr alone",
		`lrp alone alone-p mac 0a:00:00:00:00:fe networks 10.1.0.254/24 options gateway_mtu=1400`,
		"in Logical_Router_Port alone-p gateway_chassis Gateway_Chassis alone-p-hv1 chassis_name hv1",
	} {
		n.Do(t, line)
	}
	n.Apply(t)
	for id, row := range n.SB["Datapath_Binding"] {
		router := *row.(*sb.DatapathBinding).Type == "logical-router"
		got := map[string][]string{}
		for _, f := range n.Flows(id) {
			if f.Priority == 0 {
				if f.Match != "1" {
					t.Errorf("%s: priority 0 matches %s", f.Stage, f.Match)
				}
				got[f.Stage] = append(got[f.Stage], f.Source)
			}
		}
		for _, p := range pipeline.All() {
			for _, s := range p.Stages {
				if p.Router == router && !slices.Equal(got[s.Name], []string{s.Owner}) {
					t.Errorf("%s: %s, which %s owns, has flows of priority 0 of %v", row.(*sb.DatapathBinding).ExternalIDs["name"], s.Name, s.Owner, got[s.Name])
				}
			}
		}
	}
}
