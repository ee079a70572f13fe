package nb

import "github.com/weft-sdn/weft/schema"

// GatewayChassis places a router port on a chassis with a priority; the
// highest that is alive hosts it.
type GatewayChassis struct {
	schema.Header `ovs:"Gateway_Chassis,index=name"`

	Name        string            `ovs:"name"`
	ChassisName string            `ovs:"chassis_name"`
	Priority    int64             `ovs:"priority,range=0:32767"`
	ExternalIDs map[string]string `ovs:"external_ids"`
	Options     map[string]string `ovs:"options"`
}

// HAChassis is a chassis with a priority in one HA group.
type HAChassis struct {
	schema.Header `ovs:"HA_Chassis"`

	ChassisName string            `ovs:"chassis_name"`
	Priority    int64             `ovs:"priority,range=0:32767"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// HAChassisGroup is a set of chassis of which the highest priority that is
// alive hosts what refers to the group.
type HAChassisGroup struct {
	schema.Header `ovs:"HA_Chassis_Group,root,index=name"`

	Name        string            `ovs:"name"`
	HAChassis   []schema.UUID     `ovs:"ha_chassis,strong=HA_Chassis"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// ChassisTemplateVar gives one chassis's values of template variables (^name
// in a match or load balancer).
type ChassisTemplateVar struct {
	schema.Header `ovs:"Chassis_Template_Var,root,index=chassis"`

	Chassis     string            `ovs:"chassis"`
	Variables   map[string]string `ovs:"variables"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
