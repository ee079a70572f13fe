package nb

import "github.com/weft-sdn/weft/schema"

// LogicalRouter is a layer-3 router. Ports, routes, policies, NAT rules and
// load balancers grow with the cloud and are stored in buckets.
type LogicalRouter struct {
	schema.Header `ovs:"Logical_Router,root"`

	Name              string            `ovs:"name"`
	Ports             []schema.UUID     `ovs:"ports,strong=Logical_Router_Port,members"`
	StaticRoutes      []schema.UUID     `ovs:"static_routes,strong=Logical_Router_Static_Route,members"`
	Policies          []schema.UUID     `ovs:"policies,strong=Logical_Router_Policy,members"`
	Enabled           *bool             `ovs:"enabled"`
	NAT               []schema.UUID     `ovs:"nat,strong=NAT,members"`
	LoadBalancer      []schema.UUID     `ovs:"load_balancer,weak=Load_Balancer,members"`
	LoadBalancerGroup []schema.UUID     `ovs:"load_balancer_group,strong=Load_Balancer_Group"`
	Copp              *schema.UUID      `ovs:"copp,weak=Copp"`
	Options           map[string]string `ovs:"options"`
	ExternalIDs       map[string]string `ovs:"external_ids"`
}

// LogicalRouterPort is a port of one router, with its MAC and its networks
// ("IP/length"); with gateway chassis or an HA group it is a distributed
// gateway port.
type LogicalRouterPort struct {
	schema.Header `ovs:"Logical_Router_Port,index=name"`

	Name           string            `ovs:"name"`
	GatewayChassis []schema.UUID     `ovs:"gateway_chassis,strong=Gateway_Chassis"`
	HAChassisGroup *schema.UUID      `ovs:"ha_chassis_group,strong=HA_Chassis_Group"`
	Options        map[string]string `ovs:"options"`
	Networks       []string          `ovs:"networks"`
	MAC            string            `ovs:"mac"`
	Peer           *string           `ovs:"peer"`
	Enabled        *bool             `ovs:"enabled"`
	IPv6RAConfigs  map[string]string `ovs:"ipv6_ra_configs"`
	IPv6Prefix     []string          `ovs:"ipv6_prefix"`
	DHCPRelay      *schema.UUID      `ovs:"dhcp_relay,strong=DHCP_Relay"`
	ExternalIDs    map[string]string `ovs:"external_ids"`
	Status         map[string]string `ovs:"status"`
}

// LogicalRouterStaticRoute is a route of one router; equal prefixes make
// ECMP.
type LogicalRouterStaticRoute struct {
	schema.Header `ovs:"Logical_Router_Static_Route"`

	RouteTable      string            `ovs:"route_table"`
	IPPrefix        string            `ovs:"ip_prefix"`
	Policy          *string           `ovs:"policy,enum=src-ip|dst-ip"`
	Nexthop         string            `ovs:"nexthop"`
	OutputPort      *string           `ovs:"output_port"`
	BFD             *schema.UUID      `ovs:"bfd,weak=BFD"`
	SelectionFields []string          `ovs:"selection_fields,enum=eth_src|eth_dst|ip_proto|ip_src|ip_dst|ipv6_src|ipv6_dst|tp_src|tp_dst"`
	Options         map[string]string `ovs:"options"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
}

// LogicalRouterPolicy overrides routing for packets that match, by priority.
type LogicalRouterPolicy struct {
	schema.Header `ovs:"Logical_Router_Policy"`

	Priority    int64             `ovs:"priority,range=0:32767"`
	Chain       *string           `ovs:"chain"`
	Match       string            `ovs:"match"`
	Action      string            `ovs:"action,enum=allow|drop|reroute|jump"`
	JumpChain   *string           `ovs:"jump_chain"`
	Nexthop     *string           `ovs:"nexthop"`
	Nexthops    []string          `ovs:"nexthops"`
	OutputPort  *schema.UUID      `ovs:"output_port,weak=Logical_Router_Port"`
	BFDSessions []schema.UUID     `ovs:"bfd_sessions,weak=BFD"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// NAT translates addresses on one router; with external_mac and logical_port
// it is done on the port's own chassis.
type NAT struct {
	schema.Header `ovs:"NAT"`

	ExternalIP        string            `ovs:"external_ip"`
	ExternalMAC       *string           `ovs:"external_mac"`
	ExternalPortRange string            `ovs:"external_port_range"`
	LogicalIP         string            `ovs:"logical_ip"`
	LogicalPort       *string           `ovs:"logical_port"`
	Type              string            `ovs:"type,enum=dnat|snat|dnat_and_snat"`
	AllowedExtIPs     *schema.UUID      `ovs:"allowed_ext_ips,strong=Address_Set"`
	ExemptedExtIPs    *schema.UUID      `ovs:"exempted_ext_ips,strong=Address_Set"`
	GatewayPort       *schema.UUID      `ovs:"gateway_port,weak=Logical_Router_Port"`
	Priority          int64             `ovs:"priority,range=0:32767"`
	Match             string            `ovs:"match"`
	Options           map[string]string `ovs:"options"`
	ExternalIDs       map[string]string `ovs:"external_ids"`
}

// StaticMACBinding is an ARP or ND entry that a router port does not need to
// learn.
type StaticMACBinding struct {
	schema.Header `ovs:"Static_MAC_Binding,root,index=logical_port+ip"`

	LogicalPort        string `ovs:"logical_port"`
	IP                 string `ovs:"ip"`
	MAC                string `ovs:"mac"`
	OverrideDynamicMAC bool   `ovs:"override_dynamic_mac"`
}

// BFD watches a next hop of a router port; status is written by northd.
type BFD struct {
	schema.Header `ovs:"BFD,root,index=logical_port+dst_ip"`

	LogicalPort string            `ovs:"logical_port"`
	DstIP       string            `ovs:"dst_ip"`
	MinTX       *int64            `ovs:"min_tx,range=1:"`
	MinRX       *int64            `ovs:"min_rx"`
	DetectMult  *int64            `ovs:"detect_mult,range=1:"`
	Status      *string           `ovs:"status,enum=down|init|up|admin_down"`
	ExternalIDs map[string]string `ovs:"external_ids"`
	Options     map[string]string `ovs:"options"`
}
