package ofp

import (
	"encoding/binary"
)

// MultipartFlowMonitor is the multipart type of flow monitors.
const MultipartFlowMonitor uint16 = 16

// Flow monitor flags.
const (
	monitorAdd          = 1 << 1
	monitorRemoved      = 1 << 2
	monitorModify       = 1 << 3
	monitorInstructions = 1 << 4
)

// AppendFlowMonitorRequest asks to be told of changes of flows from now on, in
// the monitor id. Changes that come from this connection are told in short.
func AppendFlowMonitorRequest(b []byte, xid, id uint32, table uint8) []byte {
	b, at := beginMultipart(b, xid, MultipartFlowMonitor)
	b = binary.BigEndian.AppendUint32(b, id)
	b = binary.BigEndian.AppendUint32(b, PortAny)
	b = binary.BigEndian.AppendUint32(b, GroupAny)
	b = binary.BigEndian.AppendUint16(b, monitorAdd|monitorRemoved|monitorModify|monitorInstructions)
	b = append(b, table, 0) // OFPFMC_ADD
	b = appendMatch(b, "")
	return finish(b, at)
}

// Events of a flow update.
const (
	FlowEventInitial uint16 = 0
	FlowEventAdded   uint16 = 1
	FlowEventRemoved uint16 = 2
	FlowEventChanged uint16 = 3
	FlowEventAbbrev  uint16 = 4 // a change by this connection
	FlowEventPaused  uint16 = 5 // the switch tells no more changes for a while
	FlowEventResumed uint16 = 6
)

// FlowUpdate is a change of a flow. Flow is filled in for added, removed and
// changed; its statistics are not.
type FlowUpdate struct {
	Event  uint16
	Reason uint8 // of removed
	Flow   FlowDesc
}

// Reasons for which a flow is removed.
const (
	RemovedIdle   uint8 = 0
	RemovedHard   uint8 = 1
	RemovedDelete uint8 = 2
	RemovedGroup  uint8 = 3 // a group that it used was deleted
	RemovedMeter  uint8 = 4 // a meter that it used was deleted
)

// ParseFlowUpdate takes one update off the body of a flow monitor reply.
func ParseFlowUpdate(b []byte, u *FlowUpdate) (rest []byte, err error) {
	if len(b) < 8 {
		return nil, errShort("flow update")
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 8 || n&7 != 0 || n > len(b) {
		return nil, errLength("flow update", n, len(b))
	}
	*u = FlowUpdate{Event: binary.BigEndian.Uint16(b[2:])}
	if u.Event > FlowEventChanged {
		return b[n:], nil
	}
	if n < 32 {
		return nil, errShort("full flow update")
	}
	u.Reason = b[5]
	u.Flow = FlowDesc{
		Table:    b[4],
		Idle:     binary.BigEndian.Uint16(b[6:]),
		Hard:     binary.BigEndian.Uint16(b[8:]),
		Priority: binary.BigEndian.Uint16(b[10:]),
		Cookie:   binary.BigEndian.Uint64(b[16:]),
	}
	body := b[24:n]
	if u.Flow.OXM, body, err = parseMatch(body); err != nil {
		return nil, err
	}
	u.Flow.Instruction = body
	return b[n:], parseInstructions(body, &u.Flow)
}
