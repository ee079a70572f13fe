package nb

import (
	"sync"

	"github.com/weft-sdn/weft/schema"
)

// Schema returns the descriptors of every table. They are made at the first
// call and never change.
func Schema() *schema.Database { return descriptors() }

var descriptors = sync.OnceValue(func() *schema.Database {
	return schema.NewDatabase("OVN_Northbound", "7.19.0", "2631744256 45474",
		(*NBGlobal)(nil),
		(*Connection)(nil),
		(*SSL)(nil),
		(*LogicalSwitch)(nil),
		(*LogicalSwitchPort)(nil),
		(*LogicalSwitchPortHealthCheck)(nil),
		(*ForwardingGroup)(nil),
		(*ACL)(nil),
		(*PortGroup)(nil),
		(*AddressSet)(nil),
		(*QoS)(nil),
		(*Meter)(nil),
		(*MeterBand)(nil),
		(*Copp)(nil),
		(*Mirror)(nil),
		(*MirrorRule)(nil),
		(*SampleCollector)(nil),
		(*Sample)(nil),
		(*SamplingApp)(nil),
		(*NetworkFunction)(nil),
		(*NetworkFunctionGroup)(nil),
		(*NetworkFunctionHealthCheck)(nil),
		(*LoadBalancer)(nil),
		(*LoadBalancerGroup)(nil),
		(*LoadBalancerHealthCheck)(nil),
		(*LogicalRouter)(nil),
		(*LogicalRouterPort)(nil),
		(*LogicalRouterStaticRoute)(nil),
		(*LogicalRouterPolicy)(nil),
		(*NAT)(nil),
		(*StaticMACBinding)(nil),
		(*BFD)(nil),
		(*DHCPOptions)(nil),
		(*DHCPRelay)(nil),
		(*DNS)(nil),
		(*GatewayChassis)(nil),
		(*HAChassis)(nil),
		(*HAChassisGroup)(nil),
		(*ChassisTemplateVar)(nil),
	)
})
