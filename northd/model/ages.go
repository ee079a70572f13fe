package model

import (
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
)

// Options of routers that agents read too, in Datapath_Binding.external_ids, as in
// OVN.
const (
	AlwaysLearn = "always_learn_from_arp_request"
	macAges     = "mac_binding_age_threshold"
)

// agentOptions are what a router's Datapath_Binding says to agents. OVN's has the
// least of several ages, since its northd forgets; here agents do, and need all.
func (m *Model) agentOptions(options map[string]string, p *graph.RowProblems) map[string]string {
	text := m.options.macAges.Of(options)
	ages, err := address.ParseAges(text)
	if err != nil {
		p.Problem("options", macAges+": "+err.Error())
	}
	if err != nil || ages.Least() == 0 {
		return nil
	}
	return map[string]string{macAges: text}
}
