package sb

import (
	"strconv"

	"github.com/weft-sdn/weft/schema"
)

// Prefixes of the keys in etcd through which northd and the chassis talk.
const (
	Prefix        = "/weft/sb/"      // rows and flows, written by the leader northd
	ChassisPrefix = "/weft/chassis/" // <name>/<Table>/<uuid>, written by that chassis
	StatusPrefix  = "/weft/status/"  // <name>: Status, written by that chassis
)

// Paths below Prefix that are not rows.
const (
	FlowsPath    = "flows/"   // <datapath or group>/<bucket>: units of logical flows
	CompiledPath = "compiled" // Compiled
	// RecordsPath is below it <Table>/<uuid>: what clients wrote of rows and columns
	// that chassis own, as RecordKey has it.
	RecordsPath = "clients/"
)

// RecordsOf is the prefix of the rows that a chassis writes.
func RecordsOf(chassis string) string { return ChassisPrefix + chassis + "/" }

// RecordKey is the key of a row that a chassis writes.
func RecordKey(chassis, table string, row schema.UUID) string {
	return RecordsOf(chassis) + table + "/" + row.String()
}

// StatusKey is the key of a chassis's Status.
func StatusKey(chassis string) string { return StatusPrefix + chassis }

// FlowPath names one unit of the flows of a datapath or of a group of datapaths; up
// to form 2 it was its path below Prefix.
func FlowPath(owner schema.UUID, unit string) string { return FlowsPath + owner.String() + "/" + unit }

// UUID is that of the flow's row in Logical_Flow; path is that of the chunk in
// which it lies, below Prefix. It is the same for the same flow at the same
// place, whoever asks, whatever its actions are: a load balancer with a backend more is
// the same flow.
func (f *Flow) UUID(path string) schema.UUID {
	return schema.NameUUID("Logical_Flow", path, strconv.Itoa(int(f.Pipeline)), strconv.Itoa(int(f.Table)),
		strconv.Itoa(int(f.Priority)), f.Match)
}
