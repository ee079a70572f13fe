package sb

import "github.com/weft-sdn/weft/schema"

// BFD is a BFD session that a chassis runs; status is the chassis's.
type BFD struct {
	schema.Header `ovs:"BFD,root,index=logical_port+dst_ip+src_port+disc"`

	SrcPort     int64             `ovs:"src_port,range=49152:65535"`
	Disc        int64             `ovs:"disc"`
	LogicalPort string            `ovs:"logical_port"`
	DstIP       string            `ovs:"dst_ip"`
	MinTX       int64             `ovs:"min_tx"`
	MinRX       int64             `ovs:"min_rx"`
	DetectMult  int64             `ovs:"detect_mult"`
	Status      string            `ovs:"status,enum=down|init|up|admin_down,owner=chassis,until=admin_down"`
	ExternalIDs map[string]string `ovs:"external_ids"`
	Options     map[string]string `ovs:"options"`
	ChassisName string            `ovs:"chassis_name"`
}

// ECMPNexthop is a next hop whose replies return the way they came.
type ECMPNexthop struct {
	schema.Header `ovs:"ECMP_Nexthop,root,index=nexthop+port"`

	Nexthop     string            `ovs:"nexthop"`
	Port        schema.UUID       `ovs:"port,strong=Port_Binding"`
	Datapath    schema.UUID       `ovs:"datapath,strong=Datapath_Binding"`
	MAC         string            `ovs:"mac"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// AdvertisedRoute is a route that a router announces to its neighbours.
type AdvertisedRoute struct {
	schema.Header `ovs:"Advertised_Route,root,index=datapath+logical_port+ip_prefix+tracked_port"`

	Datapath    schema.UUID       `ovs:"datapath,strong=Datapath_Binding"`
	LogicalPort schema.UUID       `ovs:"logical_port,strong=Port_Binding"`
	IPPrefix    string            `ovs:"ip_prefix"`
	TrackedPort *schema.UUID      `ovs:"tracked_port,strong=Port_Binding"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// LearnedRoute is a route that a chassis learned from a neighbour.
type LearnedRoute struct {
	schema.Header `ovs:"Learned_Route,root,index=datapath+logical_port+ip_prefix+nexthop,owner=chassis"`

	Datapath    schema.UUID       `ovs:"datapath,strong=Datapath_Binding"`
	LogicalPort schema.UUID       `ovs:"logical_port,strong=Port_Binding"`
	IPPrefix    string            `ovs:"ip_prefix"`
	Nexthop     string            `ovs:"nexthop"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// AdvertisedMACBinding is an address that is announced over EVPN.
type AdvertisedMACBinding struct {
	schema.Header `ovs:"Advertised_MAC_Binding,root,index=datapath+logical_port+ip+mac"`

	Datapath    schema.UUID       `ovs:"datapath,strong=Datapath_Binding"`
	LogicalPort schema.UUID       `ovs:"logical_port,strong=Port_Binding"`
	IP          string            `ovs:"ip"`
	MAC         string            `ovs:"mac"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
