package chassisd

// phase is how far an agent has come since it was started. It only grows: an
// etcd or a switch that is lost later leaves the agent with what it has.
type phase uint8

const (
	// waiting: the local database, or etcd, has not told its first state, or the
	// configuration does not say who this is.
	waiting phase = iota
	// reading: they have, and the tables compute; flows of datapaths that are
	// needed here are still on their way. The switch is as an earlier run left it.
	reading
	// takingOver: the first complete state went to the switch.
	takingOver
	// running: it is in the switch.
	running
)

// String is how the status tells it.
func (p phase) String() string {
	return [...]string{"waiting", "reading", "taking over", "running"}[p]
}
