package sb

import "github.com/weft-sdn/weft/schema"

// MACBinding is an ARP or ND entry that a chassis learned; timestamp in ms
// since the epoch.
type MACBinding struct {
	schema.Header `ovs:"MAC_Binding,root,index=logical_port+ip,owner=chassis"`

	LogicalPort string      `ovs:"logical_port"`
	IP          string      `ovs:"ip"`
	MAC         string      `ovs:"mac"`
	Timestamp   int64       `ovs:"timestamp"`
	Datapath    schema.UUID `ovs:"datapath,strong=Datapath_Binding"`
}

// StaticMACBinding is an ARP or ND entry that was configured.
type StaticMACBinding struct {
	schema.Header `ovs:"Static_MAC_Binding,root,index=logical_port+ip"`

	LogicalPort        string      `ovs:"logical_port"`
	IP                 string      `ovs:"ip"`
	MAC                string      `ovs:"mac"`
	OverrideDynamicMAC bool        `ovs:"override_dynamic_mac"`
	Datapath           schema.UUID `ovs:"datapath,strong=Datapath_Binding"`
}

// FDB is a MAC address that a chassis learned behind a port that takes
// unknown ones.
type FDB struct {
	schema.Header `ovs:"FDB,root,index=mac+dp_key,owner=chassis"`

	MAC       string `ovs:"mac"`
	DPKey     int64  `ovs:"dp_key,range=1:16777215"`
	PortKey   int64  `ovs:"port_key,range=1:16777215"`
	Timestamp int64  `ovs:"timestamp"`
}

// IGMPGroup is a multicast group that a chassis saw members of.
type IGMPGroup struct {
	schema.Header `ovs:"IGMP_Group,root,index=address+datapath+chassis,owner=chassis"`

	Address     string        `ovs:"address"`
	Protocol    string        `ovs:"protocol"`
	Datapath    *schema.UUID  `ovs:"datapath,weak=Datapath_Binding"`
	Chassis     *schema.UUID  `ovs:"chassis,weak=Chassis"`
	Ports       []schema.UUID `ovs:"ports,weak=Port_Binding"`
	ChassisName string        `ovs:"chassis_name"`
}

// IPMulticast configures IGMP and MLD snooping on a datapath; seq_no grows to
// flush.
type IPMulticast struct {
	schema.Header `ovs:"IP_Multicast,root,index=datapath"`

	Datapath      schema.UUID `ovs:"datapath,weak=Datapath_Binding"`
	Enabled       *bool       `ovs:"enabled"`
	Querier       *bool       `ovs:"querier"`
	EthSrc        string      `ovs:"eth_src"`
	IP4Src        string      `ovs:"ip4_src"`
	IP6Src        string      `ovs:"ip6_src"`
	TableSize     *int64      `ovs:"table_size"`
	IdleTimeout   *int64      `ovs:"idle_timeout"`
	QueryInterval *int64      `ovs:"query_interval"`
	QueryMaxResp  *int64      `ovs:"query_max_resp"`
	SeqNo         int64       `ovs:"seq_no"`
}

// ControllerEvent tells the cloud system of an event that a chassis met.
type ControllerEvent struct {
	schema.Header `ovs:"Controller_Event,root,owner=chassis"`

	EventType string            `ovs:"event_type,enum=empty_lb_backends"`
	EventInfo map[string]string `ovs:"event_info"`
	Chassis   *schema.UUID      `ovs:"chassis,weak=Chassis"`
	SeqNum    int64             `ovs:"seq_num"`
}
