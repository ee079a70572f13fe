package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Scope is the part of metadata that a flow matches: a datapath's key, or
// whatever says that the datapath is in a group.
type Scope struct{ Value, Mask uint64 }

// Datapath returns the scope of one datapath.
func Datapath(key uint32) Scope { return Scope{uint64(key), ^uint64(0)} }

// Env answers what a logical flow refers to. A nil function knows nothing.
type Env struct {
	Scope Scope
	// Router says that the datapath is a router; conntrack zones differ.
	Router bool
	// Port returns the tunnel key of a port or multicast group of the
	// datapath. What matches an unknown port matches nothing.
	Port func(name string) (key uint32, ok bool)
	// Resident says whether a port is bound to this chassis.
	Resident func(port string) bool
	// AddressSet and PortGroup: see lflow.Options.
	AddressSet func(name string) ([]lflow.Constant, bool)
	PortGroup  func(name string) ([]string, bool)
	// DHCP and DHCPv6 return the definition of an option; where they are nil,
	// OVN's standard ones hold.
	DHCP, DHCPv6 func(name string) (lflow.DHCPOption, bool)
	// Meter returns the OpenFlow id of a meter; 0 for none.
	Meter func(name string) uint32
	// RateMeter returns the OpenFlow id of a meter that drops what exceeds
	// rate kbit/s; burst is in kbit, 0 for the switch's default.
	RateMeter func(rate, burst uint32) uint32
	// Group returns the OpenFlow id of the group that does what body says.
	// Equal bodies should get one id.
	Group func(body ofp.GroupBody) uint32
	// TunnelPort returns the OpenFlow port of the tunnel to where a logical
	// port is; 0 for none.
	TunnelPort func(port string) uint32
	// Collectors tells whether the chassis has a set of flow collectors.
	Collectors func(set uint32) bool
	// Conjunctions gives out n conjunction ids in a row and returns the
	// first. It is asked at most once per flow, and only if the flow needs
	// conjunctions. No other flow may use the ids; a flow that is lowered
	// again should get the same ones.
	Conjunctions func(n int) (first uint32)
}
