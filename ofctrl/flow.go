package ofctrl

import (
	"fmt"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Flow is one desired flow. Flows live for ever: they have no timeouts and no
// flags.
type Flow struct {
	Table    uint8
	Priority uint16
	Cookie   uint64 // the logical flow or row behind it, for people
	Match    ofp.Match
	Actions  ofp.Actions // empty: drop
}

// Key is what makes a flow one flow in the switch.
type Key struct {
	Match    ofp.Match
	Priority uint16
	Table    uint8
}

// Key returns the key of f.
func (f *Flow) Key() Key { return Key{f.Match, f.Priority, f.Table} }

// String prints the flow as `ovs-ofctl --no-stats dump-flows` does.
func (f Flow) String() string {
	cookie := ""
	if f.Cookie != 0 {
		cookie = fmt.Sprintf("cookie=%#x, ", f.Cookie)
	}
	return fmt.Sprintf("%stable=%d, %s actions=%s", cookie, f.Table, ofp.FlowMatchString(f.Priority, f.Match), f.Actions)
}

// Numbered is a desired group or meter.
type Numbered[B ~string] struct {
	ID   uint32
	Body B
}

type (
	// Group is one desired group.
	Group = Numbered[ofp.GroupBody]
	// Meter is one desired meter.
	Meter = Numbered[ofp.MeterBody]
)

// Update is a change of the desired state. The slices are the controller's
// after the call: the caller must not change them.
type Update struct {
	// Gen is told by Installed when this update, and all before it, are in
	// the switch. It must not decrease.
	Gen int64
	// Flows replaces all that each owner named wants; nothing deletes it.
	Flows []OwnerFlows
	// FlushZones are conntrack zones whose connections are forgotten before the
	// flows of this update are sent.
	FlushZones []uint16
	// Complete says that the desired state is whole from this update on. Until
	// one update has said so, nothing that the switch holds is deleted.
	Complete bool
}

// OwnerFlows is what one owner wants: a unit of the agent's computation that is
// replaced as a whole, named as the agent likes.
type OwnerFlows struct {
	Owner string
	// Flows are given as they are, or Packed where that is kept elsewhere too.
	Flows  []Flow
	Packed Flows
	// Groups and Meters are those that the flows use, with numbers given out by
	// [IDs]. Each is in the switch before the first flow that needs it and until
	// the last owner that lists it lists it no more. Where owners list different
	// bodies for one number the owner whose name sorts first has it, and
	// [Status] tells.
	Groups []Group
	Meters []Meter
}
