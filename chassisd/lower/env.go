package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Scope is the part of metadata that a flow matches: a datapath's key, or
// whatever says that the datapath is in a group.
type Scope struct{ Value, Mask uint64 }

// DatapathBits is the width of a datapath's key in metadata, and in a Geneve
// header. The bits above say in which groups the datapath is.
const DatapathBits = 24

// Datapath returns the scope of one datapath: its key, whatever groups it is
// in, so that it stays the same when these change.
func Datapath(key uint32) Scope { return Scope{uint64(key), 1<<DatapathBits - 1} }

// one tells whether the scope is a single datapath.
func (s Scope) one() bool { return Key(s.Mask) == 1<<DatapathBits-1 }

// Key returns the key of the datapath whose packets carry metadata.
func Key(metadata uint64) uint32 { return uint32(metadata & (1<<DatapathBits - 1)) }

// Port is what the name of a port or of a multicast group stands for.
type Port struct {
	Key uint32 // tunnel key
	// Datapath is the key of the port's datapath where the scope is of several
	// datapaths, else 0: flows that match the port are for its datapath alone.
	Datapath uint32
	// Varies says that the name stands for something else on each datapath of
	// the scope.
	Varies bool
}

// number is how the language knows the port in a match; portOf reads it.
func (p Port) number() uint64 { return uint64(p.Datapath)<<32 | uint64(p.Key) }

func portOf(t *lflow.FieldTerm) Port {
	return Port{Key: uint32(t.Value.Lo), Datapath: uint32(t.Value.Lo >> 32)}
}

// narrow is the part of a scope that a match is for: that of the datapath
// whose ports it names. ok is false where these are of two datapaths.
func narrow(scope Scope, m *lflow.FlowMatch) (s Scope, ok bool) {
	var datapath uint32
	for i := range m.Terms {
		if !m.Terms[i].Sym.IsString() {
			continue
		}
		p := portOf(&m.Terms[i])
		if p.Datapath == 0 || p.Datapath == datapath {
			continue
		}
		if datapath != 0 {
			return scope, false
		}
		datapath, scope = p.Datapath, Datapath(p.Datapath)
	}
	return scope, true
}

// Env answers what a logical flow refers to. A nil function knows nothing.
type Env struct {
	Scope Scope
	// Router says that the datapath is a router; conntrack zones differ.
	Router bool
	// Passed tells whether a stage holds nothing but `next' for all packets:
	// those that are to go there go on to the first one that holds more. It
	// must not hold of the last stage.
	Passed func(l lflow.Pipeline, stage int) bool
	// Port returns a port or multicast group of the scope. What matches an
	// unknown port matches nothing.
	Port func(name string) (p Port, ok bool)
	// Far tells of a port that packets cannot enter or leave by on this
	// chassis. Where a match is about that, the port matches nothing.
	Far func(port string) bool
	// Resident says whether a port is bound to this chassis.
	Resident func(port string) bool
	// AddressSet: see lflow.Options.
	AddressSet func(name string) ([]lflow.Constant, bool)
	// Separate tells whether an address set is kept apart where the match lets
	// it: then the flows with its members are told as a Family, and do not
	// depend on the others. nil: no set is.
	Separate func(name string) bool
	// Family is told them, once the flow is known to be well.
	Family func(Family)
	// PortGroup returns the names of the group's ports on the datapath. Where
	// near, those are enough by which packets enter or leave on this chassis.
	PortGroup func(name string, near bool) ([]string, bool)
	// PortGroupBit returns which bit (0 to 31, see PortGroupHalves) says that a port
	// is in the group; ok is false where its ports have to be named.
	PortGroupBit func(name string) (bit uint8, ok bool)
	// DHCP and DHCPv6 return the definition of an option; where they are nil,
	// OVN's standard ones hold.
	DHCP, DHCPv6 func(name string) (lflow.DHCPOption, bool)
	// Meter returns the OpenFlow id of a meter; 0 for none.
	Meter func(name string) uint32
	// RateMeter returns the OpenFlow id of a meter that drops what exceeds
	// rate kbit/s; burst is in kbit, 0 for the switch's default.
	RateMeter func(rate, burst uint32) uint32
	// Group returns the OpenFlow id of a select group of the flow. kind is what
	// its buckets have in common: it stays when buckets come and go, and with it
	// the text of the flow and who is resident say all of body.
	Group func(kind string, body ofp.GroupBody) uint32
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
