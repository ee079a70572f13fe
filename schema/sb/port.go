package sb

import "github.com/weft-sdn/weft/schema"

// PortBinding is a logical port with its tunnel key on its datapath, and
// where it lives. Where it lives is the chassis's own claim; all else is
// northd's. Its UUID is that of the northbound port.
type PortBinding struct {
	schema.Header `ovs:"Port_Binding,root,index=datapath+tunnel_key,index=logical_port"`

	LogicalPort                string            `ovs:"logical_port"`
	Type                       string            `ovs:"type"`
	GatewayChassis             []schema.UUID     `ovs:"gateway_chassis,strong=Gateway_Chassis"`
	HAChassisGroup             *schema.UUID      `ovs:"ha_chassis_group,strong=HA_Chassis_Group"`
	Options                    map[string]string `ovs:"options"`
	Datapath                   schema.UUID       `ovs:"datapath,strong=Datapath_Binding"`
	TunnelKey                  int64             `ovs:"tunnel_key,range=1:32767"`
	ParentPort                 *string           `ovs:"parent_port"`
	MirrorPort                 *string           `ovs:"mirror_port"`
	Tag                        *int64            `ovs:"tag,range=1:4095"`
	VirtualParent              *string           `ovs:"virtual_parent,owner=chassis"`
	Chassis                    *schema.UUID      `ovs:"chassis,weak=Chassis,owner=chassis"`
	AdditionalChassis          []schema.UUID     `ovs:"additional_chassis,weak=Chassis,owner=chassis"`
	Encap                      *schema.UUID      `ovs:"encap,weak=Encap,owner=chassis"`
	AdditionalEncap            []schema.UUID     `ovs:"additional_encap,weak=Encap,owner=chassis"`
	MirrorRules                []schema.UUID     `ovs:"mirror_rules,weak=Mirror"`
	MAC                        []string          `ovs:"mac"`
	PortSecurity               []string          `ovs:"port_security"`
	NATAddresses               []string          `ovs:"nat_addresses"`
	Up                         *bool             `ovs:"up,owner=chassis,until=false"`
	ExternalIDs                map[string]string `ovs:"external_ids"`
	RequestedChassis           *schema.UUID      `ovs:"requested_chassis,weak=Chassis"`
	RequestedAdditionalChassis []schema.UUID     `ovs:"requested_additional_chassis,weak=Chassis"`
}

// ServiceMonitor is a probe that a chassis runs and whose status it reports.
type ServiceMonitor struct {
	schema.Header `ovs:"Service_Monitor,root,index=logical_port+ip+port+protocol"`

	Type             *string           `ovs:"type,enum=load-balancer|network-function|logical-switch-port"`
	IP               string            `ovs:"ip"`
	MAC              string            `ovs:"mac"`
	Protocol         *string           `ovs:"protocol,enum=tcp|udp|icmp"`
	Port             int64             `ovs:"port,range=0:65535"`
	LogicalInputPort string            `ovs:"logical_input_port"`
	LogicalPort      string            `ovs:"logical_port"`
	SrcMAC           string            `ovs:"src_mac"`
	SrcIP            string            `ovs:"src_ip"`
	ChassisName      string            `ovs:"chassis_name"`
	Status           *string           `ovs:"status,enum=online|offline|error,owner=chassis,until=offline"`
	ICLearned        bool              `ovs:"ic_learned"`
	Remote           bool              `ovs:"remote"`
	Options          map[string]string `ovs:"options"`
	ExternalIDs      map[string]string `ovs:"external_ids"`
}
