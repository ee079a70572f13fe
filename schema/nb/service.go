package nb

import "github.com/weft-sdn/weft/schema"

// NetworkFunction is a pair of ports between which a network function passes
// packets on.
type NetworkFunction struct {
	schema.Header `ovs:"Network_Function,root,index=name,index=id"`

	Name        string            `ovs:"name"`
	Outport     *schema.UUID      `ovs:"outport,strong=Logical_Switch_Port"`
	Inport      schema.UUID       `ovs:"inport,strong=Logical_Switch_Port"`
	HealthCheck *schema.UUID      `ovs:"health_check,strong=Network_Function_Health_Check"`
	ID          int64             `ovs:"id,range=1:255"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}

// NetworkFunctionGroup is what ACLs send traffic to: functions of which one
// is active (written by northd), and what happens when none is.
type NetworkFunctionGroup struct {
	schema.Header `ovs:"Network_Function_Group,root,index=name,index=id"`

	Name                  string            `ovs:"name"`
	Fallback              *string           `ovs:"fallback,enum=fail-open|fail-close"`
	NetworkFunction       []schema.UUID     `ovs:"network_function,strong=Network_Function"`
	NetworkFunctionActive *schema.UUID      `ovs:"network_function_active,strong=Network_Function"`
	Mode                  string            `ovs:"mode,enum=inline|vtap"`
	ID                    int64             `ovs:"id,range=1:255"`
	ExternalIDs           map[string]string `ovs:"external_ids"`
}

// NetworkFunctionHealthCheck says how the functions that refer to it are
// probed.
type NetworkFunctionHealthCheck struct {
	schema.Header `ovs:"Network_Function_Health_Check,index=name"`

	Name        string            `ovs:"name"`
	Options     map[string]string `ovs:"options"`
	ExternalIDs map[string]string `ovs:"external_ids"`
}
