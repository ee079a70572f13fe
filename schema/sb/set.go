package sb

import "github.com/weft-sdn/weft/schema"

// AddressSet names a set of addresses for matches, stored in buckets.
type AddressSet struct {
	schema.Header `ovs:"Address_Set,root,index=name"`

	Name      string            `ovs:"name"`
	Addresses []string          `ovs:"addresses,members"`
	Options   map[string]string `ovs:"options"`
}

// PortGroup names a set of logical ports for matches, stored in buckets.
type PortGroup struct {
	schema.Header `ovs:"Port_Group,root,index=name"`

	Name  string   `ovs:"name"`
	Ports []string `ovs:"ports,members"`
}

// LoadBalancer is what chassis need of a load balancer for hairpin traffic.
type LoadBalancer struct {
	schema.Header `ovs:"Load_Balancer,root"`

	Name            string            `ovs:"name"`
	VIPs            map[string]string `ovs:"vips,members"`
	Protocol        *string           `ovs:"protocol,enum=tcp|udp|sctp"`
	Datapaths       []schema.UUID     `ovs:"datapaths,strong=Datapath_Binding,members"`
	DatapathGroup   *schema.UUID      `ovs:"datapath_group,strong=Logical_DP_Group"`
	LSDatapathGroup *schema.UUID      `ovs:"ls_datapath_group,strong=Logical_DP_Group"`
	LRDatapathGroup *schema.UUID      `ovs:"lr_datapath_group,strong=Logical_DP_Group"`
	Options         map[string]string `ovs:"options"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
}

// Mirror copies the traffic of the ports that name it.
type Mirror struct {
	schema.Header `ovs:"Mirror,root,index=name"`

	Name        string            `ovs:"name"`
	Filter      string            `ovs:"filter,enum=from-lport|to-lport|both"`
	Sink        string            `ovs:"sink"`
	Type        string            `ovs:"type,enum=gre|erspan|local|lport"`
	Index       int64             `ovs:"index"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// Meter is a rate limit with a name.
type Meter struct {
	schema.Header `ovs:"Meter,root,index=name"`

	Name  string        `ovs:"name"`
	Unit  string        `ovs:"unit,enum=kbps|pktps"`
	Bands []schema.UUID `ovs:"bands,strong=Meter_Band,min=1"`
}

// MeterBand is one limit of a meter: beyond rate (kbps or packets per second)
// packets are dropped.
type MeterBand struct {
	schema.Header `ovs:"Meter_Band"`

	Action    string `ovs:"action,enum=drop"`
	Rate      int64  `ovs:"rate,range=1:4294967295"`
	BurstSize int64  `ovs:"burst_size,range=0:4294967295"`
}

// ACLID keeps the number by which conntrack entries name the ACL that let
// them in.
type ACLID struct {
	schema.Header `ovs:"ACL_ID,root"`

	ID int64 `ovs:"id,range=0:32767"`
}
