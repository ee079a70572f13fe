package nb

import "github.com/weft-sdn/weft/schema"

// LogicalSwitch is a layer-2 segment: its ports and the policies that hold
// for all of them. Ports, ACLs and load balancers grow with the cloud and are
// stored in buckets.
type LogicalSwitch struct {
	schema.Header `ovs:"Logical_Switch,root"`

	Name              string            `ovs:"name"`
	Ports             []schema.UUID     `ovs:"ports,strong=Logical_Switch_Port,members"`
	ACLs              []schema.UUID     `ovs:"acls,strong=ACL,members"`
	QoSRules          []schema.UUID     `ovs:"qos_rules,strong=QoS"`
	LoadBalancer      []schema.UUID     `ovs:"load_balancer,weak=Load_Balancer,members"`
	LoadBalancerGroup []schema.UUID     `ovs:"load_balancer_group,strong=Load_Balancer_Group"`
	DNSRecords        []schema.UUID     `ovs:"dns_records,weak=DNS"`
	Copp              *schema.UUID      `ovs:"copp,weak=Copp"`
	OtherConfig       map[string]string `ovs:"other_config"`
	ExternalIDs       map[string]string `ovs:"external_ids"`
	ForwardingGroups  []schema.UUID     `ovs:"forwarding_groups,strong=Forwarding_Group"`
}

// LogicalSwitchPort is a port of one switch: a VM's or container's (type
// empty), a router's, a physical network's (localnet) and so on. Addresses
// are "MAC IP…", "unknown", "dynamic" or "router"; up and dynamic_addresses
// are written by northd.
type LogicalSwitchPort struct {
	schema.Header `ovs:"Logical_Switch_Port,index=name"`

	Name             string            `ovs:"name"`
	Type             string            `ovs:"type"`
	Options          map[string]string `ovs:"options"`
	ParentName       *string           `ovs:"parent_name"`
	TagRequest       *int64            `ovs:"tag_request,range=0:4095"`
	Tag              *int64            `ovs:"tag,range=1:4095"`
	Addresses        []string          `ovs:"addresses"`
	DynamicAddresses *string           `ovs:"dynamic_addresses"`
	PortSecurity     []string          `ovs:"port_security"`
	Peer             *string           `ovs:"peer"`
	Up               *bool             `ovs:"up"`
	Enabled          *bool             `ovs:"enabled"`
	DHCPv4Options    *schema.UUID      `ovs:"dhcpv4_options,weak=DHCP_Options"`
	DHCPv6Options    *schema.UUID      `ovs:"dhcpv6_options,weak=DHCP_Options"`
	MirrorRules      []schema.UUID     `ovs:"mirror_rules,weak=Mirror"`
	HAChassisGroup   *schema.UUID      `ovs:"ha_chassis_group,strong=HA_Chassis_Group"`
	HealthChecks     []schema.UUID     `ovs:"health_checks,strong=Logical_Switch_Port_Health_Check"`
	ExternalIDs      map[string]string `ovs:"external_ids"`
}

// LogicalSwitchPortHealthCheck probes an address behind a switch port; its
// status is written by northd.
type LogicalSwitchPortHealthCheck struct {
	schema.Header `ovs:"Logical_Switch_Port_Health_Check"`

	Protocol string            `ovs:"protocol,enum=tcp|udp|icmp"`
	SrcIP    string            `ovs:"src_ip"`
	Port     int64             `ovs:"port,range=0:65535"`
	Address  string            `ovs:"address"`
	Status   *string           `ovs:"status,enum=online|offline|error"`
	Options  map[string]string `ovs:"options"`
}

// ForwardingGroup spreads traffic for one virtual address over child ports of
// a switch.
type ForwardingGroup struct {
	schema.Header `ovs:"Forwarding_Group"`

	Name        string            `ovs:"name"`
	VIP         string            `ovs:"vip"`
	VMAC        string            `ovs:"vmac"`
	Liveness    bool              `ovs:"liveness"`
	ExternalIDs map[string]string `ovs:"external_ids"`
	ChildPort   []string          `ovs:"child_port,min=1"`
}
