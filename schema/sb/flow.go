package sb

import "github.com/weft-sdn/weft/schema"

// LogicalFlow is one logical flow of a datapath or a group of datapaths. It
// is not stored as rows: the table is presented from the chunks that
// EncodeFlows makes.
type LogicalFlow struct {
	schema.Header `ovs:"Logical_Flow,root"`

	LogicalDatapath *schema.UUID      `ovs:"logical_datapath,strong=Datapath_Binding"`
	LogicalDPGroup  *schema.UUID      `ovs:"logical_dp_group,strong=Logical_DP_Group"`
	Pipeline        string            `ovs:"pipeline,enum=ingress|egress"`
	TableID         int64             `ovs:"table_id,range=0:34"`
	Priority        int64             `ovs:"priority,range=0:65535"`
	Match           string            `ovs:"match"`
	Actions         string            `ovs:"actions"`
	Tags            map[string]string `ovs:"tags"`
	ControllerMeter *string           `ovs:"controller_meter"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
	FlowDesc        *string           `ovs:"flow_desc"`
}

// LogicalDPGroup is a set of datapaths that share logical flows, stored by
// member.
type LogicalDPGroup struct {
	schema.Header `ovs:"Logical_DP_Group"`

	Datapaths []schema.UUID `ovs:"datapaths,weak=Datapath_Binding,members"`
}

// DatapathBinding is a logical switch or router with its tunnel key, which is
// the Geneve VNI. Its UUID is that of the northbound row.
type DatapathBinding struct {
	schema.Header `ovs:"Datapath_Binding,root,index=tunnel_key"`

	TunnelKey     int64             `ovs:"tunnel_key,range=1:16777215"`
	LoadBalancers []schema.UUID     `ovs:"load_balancers"`
	Type          *string           `ovs:"type,enum=logical-switch|logical-router"`
	NBUUID        *schema.UUID      `ovs:"nb_uuid"`
	ExternalIDs   map[string]string `ovs:"external_ids"`
}

// MulticastGroup is a set of ports of a datapath that output can name, with a
// tunnel key above those of ports. Its ports are stored in buckets.
type MulticastGroup struct {
	schema.Header `ovs:"Multicast_Group,root,index=datapath+tunnel_key,index=datapath+name"`

	Datapath  schema.UUID   `ovs:"datapath,strong=Datapath_Binding"`
	Name      string        `ovs:"name"`
	TunnelKey int64         `ovs:"tunnel_key,range=32768:65535"`
	Ports     []schema.UUID `ovs:"ports,weak=Port_Binding,members"`
}
