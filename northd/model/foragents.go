package model

import (
	"strconv"

	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
)

// Options of routers that agents read too, in Datapath_Binding.external_ids, as in
// OVN.
const (
	AlwaysLearn = "always_learn_from_arp_request"
	macAges     = "mac_binding_age_threshold"
	snatZone    = "snat-ct-zone"
)

// agentOptions are what a router's Datapath_Binding says to agents. OVN's has the
// least of several ages, since its northd forgets; here agents do, and need all.
func (m *Model) agentOptions(options map[string]string, p *graph.RowProblems) map[string]string {
	all := map[string]string{}
	text := m.options.macAges.Of(options)
	switch ages, err := address.ParseAges(text); {
	case err != nil:
		p.Problem("options", macAges+": "+err.Error())
	case ages.Least() != 0:
		all[macAges] = text
	}
	if zone := m.options.snatZone.Read(options, p); zone >= 0 {
		all[snatZone] = strconv.Itoa(zone)
	}
	return all
}
