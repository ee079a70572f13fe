package ofctrl

// Status is the state of a controller, for people and metrics.
type Status struct {
	Connected bool // the switch answers
	Packets   bool // the switch sends packets to the controller
	Synced    bool // what the switch holds is what is wanted
	Gen       int64
	Wanted    int64 // newest generation asked for

	Desired   int // flows wanted
	Installed int // flows known to be in the switch
	Groups    int
	Meters    int
	Refused   []Refusal // the first 100
	LastError string

	Contested int      // flows, groups and meters that owners want differently
	Contests  []string // some of them, for people

	Counters
}

// Counters only grow.
type Counters struct {
	Connects       uint64
	Disconnects    uint64
	Bundles        uint64
	BundleRetries  uint64
	FlowAdds       uint64
	FlowDeletes    uint64
	GroupMods      uint64
	MeterMods      uint64
	FlowsRead      uint64 // flows read back at connect
	Drift          Drift
	ZonesFlushed   uint64
	Refusals       uint64
	PacketIns      uint64 // packets that came
	PacketInDrops  uint64 // those of them that found the queue full
	PacketOuts     uint64
	PacketOutDrops uint64
	Resumes        uint64
}

// Drift counts what was found otherwise than it was left in the switch.
type Drift struct {
	FlowsMissing uint64
	FlowsAltered uint64
	FlowsForeign uint64 // that nobody wants, or not yet
	Groups       uint64
	Meters       uint64
}

// Total is the sum of all kinds.
func (d Drift) Total() uint64 {
	return d.FlowsMissing + d.FlowsAltered + d.FlowsForeign + d.Groups + d.Meters
}

func (d *Drift) add(e Drift) {
	d.FlowsMissing += e.FlowsMissing
	d.FlowsAltered += e.FlowsAltered
	d.FlowsForeign += e.FlowsForeign
	d.Groups += e.Groups
	d.Meters += e.Meters
}
