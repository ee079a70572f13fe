package sb

import (
	"sync"

	"github.com/weft-sdn/weft/schema"
)

// Schema returns the descriptors of every table. They are made at the first
// call and never change.
func Schema() *schema.Database { return descriptors() }

var descriptors = sync.OnceValue(func() *schema.Database {
	return schema.NewDatabase("OVN_Southbound", "21.11.0", "4289271680 36997",
		(*SBGlobal)(nil),
		(*Connection)(nil),
		(*SSL)(nil),
		(*RBACRole)(nil),
		(*RBACPermission)(nil),
		(*Chassis)(nil),
		(*ChassisPrivate)(nil),
		(*Encap)(nil),
		(*GatewayChassis)(nil),
		(*HAChassis)(nil),
		(*HAChassisGroup)(nil),
		(*ChassisTemplateVar)(nil),
		(*LogicalFlow)(nil),
		(*LogicalDPGroup)(nil),
		(*DatapathBinding)(nil),
		(*MulticastGroup)(nil),
		(*PortBinding)(nil),
		(*ServiceMonitor)(nil),
		(*AddressSet)(nil),
		(*PortGroup)(nil),
		(*LoadBalancer)(nil),
		(*Mirror)(nil),
		(*Meter)(nil),
		(*MeterBand)(nil),
		(*ACLID)(nil),
		(*MACBinding)(nil),
		(*StaticMACBinding)(nil),
		(*FDB)(nil),
		(*IGMPGroup)(nil),
		(*IPMulticast)(nil),
		(*ControllerEvent)(nil),
		(*BFD)(nil),
		(*ECMPNexthop)(nil),
		(*AdvertisedRoute)(nil),
		(*LearnedRoute)(nil),
		(*AdvertisedMACBinding)(nil),
		(*DHCPOptions)(nil),
		(*DHCPv6Options)(nil),
		(*DNS)(nil),
	)
})
