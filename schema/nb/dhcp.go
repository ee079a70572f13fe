package nb

import "github.com/weft-sdn/weft/schema"

// DHCPOptions is what switch ports that refer to it are answered, for one
// subnet (v4 or v6).
type DHCPOptions struct {
	schema.Header `ovs:"DHCP_Options,root"`

	CIDR        string            `ovs:"cidr"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// DHCPRelay names the server that a router port relays DHCP requests to.
type DHCPRelay struct {
	schema.Header `ovs:"DHCP_Relay,root"`

	Name        string            `ovs:"name"`
	Servers     *string           `ovs:"servers"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
