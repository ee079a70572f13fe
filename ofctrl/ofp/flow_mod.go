package ofp

import "encoding/binary"

// FlowCommand is what a flow mod does.
type FlowCommand uint8

const (
	FlowAdd          FlowCommand = 0
	FlowModify       FlowCommand = 1
	FlowModifyStrict FlowCommand = 2
	FlowDelete       FlowCommand = 3
	FlowDeleteStrict FlowCommand = 4
)

// AllTables is the table number that means every table in a delete.
const AllTables uint8 = 0xff

const instrApply = 4 // OFPIT_APPLY_ACTIONS

// FlowMod adds, changes or deletes flows.
type FlowMod struct {
	Command  FlowCommand
	Table    uint8
	Priority uint16
	Cookie   uint64
	Match    Match
	Actions  Actions
}

// AppendFlowMod appends a flow mod.
//
// Hot path: at most 150 ns and no allocation.
func AppendFlowMod(b []byte, xid uint32, m *FlowMod) []byte {
	b, at := begin(b, TypeFlowMod, xid)
	b = binary.BigEndian.AppendUint64(b, m.Cookie)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = append(b, m.Table, byte(m.Command), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, m.Priority)
	b = binary.BigEndian.AppendUint32(b, 0xffffffff) // no buffer
	b = binary.BigEndian.AppendUint32(b, PortAny)
	b = binary.BigEndian.AppendUint32(b, GroupAny)
	b = append(b, 0, 0, 0, 0)
	b = appendMatch(b, m.Match)
	if len(m.Actions) != 0 {
		b = binary.BigEndian.AppendUint16(b, instrApply)
		b = binary.BigEndian.AppendUint16(b, uint16(8+len(m.Actions)))
		b = append(b, 0, 0, 0, 0)
		b = append(b, m.Actions...)
	}
	return finish(b, at)
}

// FlowModLen is the length of the message that AppendFlowMod makes.
func FlowModLen(m *FlowMod) int {
	n := 48 + (4+len(m.Match)+7)&^7
	if len(m.Actions) != 0 {
		n += 8 + len(m.Actions)
	}
	return n
}
