package sb

import "github.com/weft-sdn/weft/schema"

// Chassis is a hypervisor or gateway, written by its own chassisd. Clients tag it
// in external_ids, so that column is not the chassis's own.
type Chassis struct {
	schema.Header `ovs:"Chassis,root,index=name,owner=chassis"`

	Name                string            `ovs:"name"`
	Hostname            string            `ovs:"hostname"`
	Encaps              []schema.UUID     `ovs:"encaps,strong=Encap,min=1"`
	VTEPLogicalSwitches []string          `ovs:"vtep_logical_switches"`
	NBCfg               int64             `ovs:"nb_cfg"`
	ExternalIDs         map[string]string `ovs:"external_ids,owner=northd"`
	OtherConfig         map[string]string `ovs:"other_config"`
	TransportZones      []string          `ovs:"transport_zones"`
}

// ChassisPrivate is what a chassis reports and other chassis need not see.
// Clients keep notes in external_ids, so that column is not the chassis's
// own.
type ChassisPrivate struct {
	schema.Header `ovs:"Chassis_Private,root,index=name,owner=chassis"`

	Name           string            `ovs:"name"`
	Chassis        *schema.UUID      `ovs:"chassis,weak=Chassis"`
	NBCfg          int64             `ovs:"nb_cfg"`
	NBCfgTimestamp int64             `ovs:"nb_cfg_timestamp"`
	ExternalIDs    map[string]string `ovs:"external_ids,owner=northd"`
}

// Encap is a tunnel endpoint of a chassis.
type Encap struct {
	schema.Header `ovs:"Encap,index=type+ip,owner=chassis"`

	Type        string            `ovs:"type,enum=geneve|vxlan"`
	Options     map[string]string `ovs:"options"`
	IP          string            `ovs:"ip"`
	ChassisName string            `ovs:"chassis_name"`
}

// GatewayChassis places a port binding on a chassis with a priority.
type GatewayChassis struct {
	schema.Header `ovs:"Gateway_Chassis,index=name"`

	Name        string            `ovs:"name"`
	Chassis     *schema.UUID      `ovs:"chassis,weak=Chassis"`
	Priority    int64             `ovs:"priority,range=0:32767"`
	ExternalIDs map[string]string `ovs:"external_ids"`
	Options     map[string]string `ovs:"options"`
}

// HAChassis is a chassis with a priority in one HA group.
type HAChassis struct {
	schema.Header `ovs:"HA_Chassis"`

	Chassis     *schema.UUID      `ovs:"chassis,weak=Chassis"`
	Priority    int64             `ovs:"priority,range=0:32767"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// HAChassisGroup is a set of chassis of which one is active; ref_chassis are
// those that have ports behind it.
type HAChassisGroup struct {
	schema.Header `ovs:"HA_Chassis_Group,root,index=name"`

	Name        string            `ovs:"name"`
	HAChassis   []schema.UUID     `ovs:"ha_chassis,strong=HA_Chassis"`
	RefChassis  []schema.UUID     `ovs:"ref_chassis,weak=Chassis"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// ChassisTemplateVar gives one chassis's values of template variables. Its UUID is
// TemplateVarOf the chassis.
type ChassisTemplateVar struct {
	schema.Header `ovs:"Chassis_Template_Var,root,index=chassis"`

	Chassis   string            `ovs:"chassis"`
	Variables map[string]string `ovs:"variables"`
}

// TemplateVarOf is the UUID of the row of Chassis_Template_Var of a chassis.
func TemplateVarOf(chassis string) schema.UUID {
	return schema.NameUUID("Chassis_Template_Var", chassis)
}
