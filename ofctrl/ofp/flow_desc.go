package ofp

import (
	"encoding/binary"
	"fmt"
)

// FlowDesc is one flow of a switch. Its slices point into the message.
type FlowDesc struct {
	Table       uint8
	Priority    uint16
	Idle, Hard  uint16
	Flags       uint16
	Importance  uint16
	Cookie      uint64
	OXM         []byte // the match as the switch wrote it
	Stats       FlowStats
	Actions     []byte // of the only instruction, apply actions
	Other       bool   // has instructions other than apply actions
	Instruction []byte // all instructions
}

// Plain says that the flow is of the kind that [AppendFlowMod] adds: no
// timeouts, no flags, no instruction but apply actions.
func (d *FlowDesc) Plain() bool {
	return !d.Other && d.Idle|d.Hard|d.Flags|d.Importance == 0
}

// Hits is how many packets a flow has seen.
type Hits struct {
	Table   uint8
	Match   Match
	Packets uint64
}

// FlowStats are the statistics of a flow.
type FlowStats struct {
	Duration uint64 // ns
	Idle     uint64 // ns
	Packets  uint64
	Bytes    uint64
}

// ParseFlowDesc takes one flow off the body of a flow desc reply.
//
// Hot path: no allocation.
func ParseFlowDesc(b []byte, d *FlowDesc) (rest []byte, err error) {
	if len(b) < 24 {
		return nil, errShort("flow desc")
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 24 || n > len(b) {
		return nil, errLength("flow desc", n, len(b))
	}
	*d = FlowDesc{
		Table:      b[4],
		Priority:   binary.BigEndian.Uint16(b[6:]),
		Idle:       binary.BigEndian.Uint16(b[8:]),
		Hard:       binary.BigEndian.Uint16(b[10:]),
		Flags:      binary.BigEndian.Uint16(b[12:]),
		Importance: binary.BigEndian.Uint16(b[14:]),
		Cookie:     binary.BigEndian.Uint64(b[16:]),
	}
	body, rest := b[24:n], b[n:]
	if d.OXM, body, err = parseMatch(body); err != nil {
		return nil, err
	}
	if body, err = parseStats(body, &d.Stats); err != nil {
		return nil, err
	}
	d.Instruction = body
	return rest, parseInstructions(body, d)
}

// parseStats takes an ofp_stats structure of OXS fields off b (OpenFlow 1.5,
// 7.2.4).
func parseStats(b []byte, s *FlowStats) (rest []byte, err error) {
	if len(b) < 4 {
		return nil, errShort("stats")
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	padded := (n + 7) &^ 7
	if n < 4 || padded > len(b) {
		return nil, errLength("stats", n, len(b))
	}
	f, rest := b[4:n], b[padded:]
	for len(f) > 0 {
		if len(f) < 4 {
			return nil, errShort("OXS field")
		}
		class, num, l := binary.BigEndian.Uint16(f), f[2]>>1, int(f[3])
		if 4+l > len(f) {
			return nil, errLength("OXS field", l, len(f))
		}
		if v := f[4 : 4+l]; class == 0x8002 && l == 8 {
			u := binary.BigEndian.Uint64(v)
			switch num {
			case 0:
				s.Duration = u>>32*1e9 + u&0xffffffff
			case 1:
				s.Idle = u>>32*1e9 + u&0xffffffff
			case 4:
				s.Packets = u
			case 5:
				s.Bytes = u
			}
		}
		f = f[4+l:]
	}
	return rest, nil
}

func parseInstructions(b []byte, d *FlowDesc) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return errShort("instruction")
		}
		typ, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if n < 8 || n > len(b) {
			return errLength("instruction", n, len(b))
		}
		if typ == instrApply && d.Actions == nil {
			d.Actions = b[8:n]
		} else {
			d.Other = true
		}
		b = b[n:]
	}
	return nil
}

// FlowRemoved is the note that a flow has gone.
type FlowRemoved struct {
	Table    uint8
	Reason   uint8
	Priority uint16
	Cookie   uint64
	Stats    FlowStats
	OXM      []byte
}

// ParseFlowRemoved reads a flow removed message; b is what follows the header.
func ParseFlowRemoved(b []byte) (r FlowRemoved, err error) {
	if len(b) < 16 {
		return r, errShort("flow removed")
	}
	r = FlowRemoved{
		Table:    b[0],
		Reason:   b[1],
		Priority: binary.BigEndian.Uint16(b[2:]),
		Cookie:   binary.BigEndian.Uint64(b[8:]),
	}
	if r.OXM, b, err = parseMatch(b[16:]); err != nil {
		return r, err
	}
	if b, err = parseStats(b, &r.Stats); err != nil {
		return r, err
	}
	if len(b) != 0 {
		return r, fmt.Errorf("ofp: %d bytes after flow removed", len(b))
	}
	return r, nil
}
