package sb

import "github.com/weft-sdn/weft/schema"

// DHCPOptions is a DHCPv4 option that this version can answer: name, code and
// type.
type DHCPOptions struct {
	schema.Header `ovs:"DHCP_Options,root"`

	Name string `ovs:"name"`
	Code int64  `ovs:"code,range=0:254"`
	Type string `ovs:"type,enum=bool|uint8|uint16|uint32|ipv4|static_routes|str|host_id|domains"`
}

// DHCPv6Options is a DHCPv6 option that this version can answer: name, code
// and type.
type DHCPv6Options struct {
	schema.Header `ovs:"DHCPv6_Options,root"`

	Name string `ovs:"name"`
	Code int64  `ovs:"code,range=0:254"`
	Type string `ovs:"type,enum=ipv6|str|mac|domain"`
}

// DNS holds names that datapaths answer for, records stored in buckets.
type DNS struct {
	schema.Header `ovs:"DNS,root"`

	Records     map[string]string `ovs:"records,members"`
	Datapaths   []schema.UUID     `ovs:"datapaths,strong=Datapath_Binding,min=1,members"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
