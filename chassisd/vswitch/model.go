package vswitch

import "github.com/ovn-kubernetes/libovsdb/model"

// The rows hold the columns that the agent reads; only these are monitored,
// so that counters moving in the switch wake nobody. They are shared with
// everyone who reads the feed: never change one.

// OpenvSwitch is the one row of table Open_vSwitch.
type OpenvSwitch struct {
	UUID          string            `ovsdb:"_uuid"`
	Bridges       []string          `ovsdb:"bridges"`
	ExternalIDs   map[string]string `ovsdb:"external_ids"`
	OtherConfig   map[string]string `ovsdb:"other_config"`
	DatapathTypes []string          `ovsdb:"datapath_types"`
	IfaceTypes    []string          `ovsdb:"iface_types"`
}

// Bridge is a row of table Bridge.
type Bridge struct {
	UUID         string            `ovsdb:"_uuid"`
	Name         string            `ovsdb:"name"`
	Ports        []string          `ovsdb:"ports"`
	DatapathType string            `ovsdb:"datapath_type"`
	FailMode     *string           `ovsdb:"fail_mode"`
	ExternalIDs  map[string]string `ovsdb:"external_ids"`
	OtherConfig  map[string]string `ovsdb:"other_config"`
}

// Port is a row of table Port.
type Port struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Interfaces  []string          `ovsdb:"interfaces"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

// Interface is a row of table Interface. Ofport is nil until the switch has
// given the interface a number and -1 where it could not. BFDStatus is what the
// switch says of the session that BFD asks for; it writes that at once when the
// session's state changes.
type Interface struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Type        string            `ovsdb:"type"`
	Ofport      *int              `ovsdb:"ofport"`
	LinkState   *string           `ovsdb:"link_state"`
	AdminState  *string           `ovsdb:"admin_state"`
	Error       *string           `ovsdb:"error"`
	MACInUse    *string           `ovsdb:"mac_in_use"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
	Options     map[string]string `ovsdb:"options"`
	BFD         map[string]string `ovsdb:"bfd"`
	BFDStatus   map[string]string `ovsdb:"bfd_status"`
}

// CollectorSet is a row of table Flow_Sample_Collector_Set: where the samples
// go that actions of a bridge send to the number ID, 0 to 2^32-1.
type CollectorSet struct {
	UUID   string `ovsdb:"_uuid"`
	ID     int    `ovsdb:"id"`
	Bridge string `ovsdb:"bridge"`
}

const (
	database      = "Open_vSwitch"
	tableOpen     = "Open_vSwitch"
	tableBr       = "Bridge"
	tablePort     = "Port"
	tableIface    = "Interface"
	tableCollSets = "Flow_Sample_Collector_Set"
)

func clientModel() (model.ClientDBModel, error) {
	return model.NewClientDBModel(database, map[string]model.Model{
		tableOpen:     &OpenvSwitch{},
		tableBr:       &Bridge{},
		tablePort:     &Port{},
		tableIface:    &Interface{},
		tableCollSets: &CollectorSet{},
	})
}
