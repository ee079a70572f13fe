package ofp

import "encoding/binary"

// String prints the actions as ovs-ofctl does; no actions are `drop`.
func (a Actions) String() string {
	if a == "" {
		return "drop"
	}
	p := &printer{}
	p.actions([]byte(a))
	return string(p.b)
}

// maxNesting bounds how deep actions may hold actions.
const maxNesting = 64

func (p *printer) actions(b []byte) { p.list(b, 0) }

// list prints actions, separated by commas. What cannot be read is printed as
// `<bad action>` and ends the list.
func (p *printer) list(b []byte, depth int) {
	for first := true; len(b) > 0; first = false {
		if !first {
			p.char(',')
		}
		a, rest, ok := nextAction(b)
		if !ok || depth > maxNesting || !p.action(a, depth) {
			p.str("<bad action>")
			return
		}
		b = rest
	}
}

// nextAction takes one action, header and all, off b.
func nextAction(b []byte) (a, rest []byte, ok bool) {
	if len(b) < 8 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 8 || n&7 != 0 || n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// action prints one action of at least 8 bytes.
func (p *printer) action(a []byte, depth int) bool {
	u16, u32 := binary.BigEndian.Uint16(a[4:]), binary.BigEndian.Uint32(a[4:])
	switch binary.BigEndian.Uint16(a) {
	case actOutput:
		return p.output(a)
	case actPushVLAN:
		p.str("push_vlan:")
		p.hexN(uint64(u16), 4)
	case actPopVLAN:
		p.str("pop_vlan")
	case actPushMPLS:
		p.str("push_mpls:")
		p.hexN(uint64(u16), 4)
	case actPopMPLS:
		p.str("pop_mpls:")
		p.hexN(uint64(u16), 4)
	case actSetQueue:
		p.str("set_queue:")
		p.dec(uint64(u32))
	case actGroup:
		p.str("group:")
		p.dec(uint64(u32))
	case actMeter:
		p.str("meter:")
		p.dec(uint64(u32))
	case actDecTTL:
		p.str("dec_ttl")
	case actSetField:
		return p.setField(a)
	case actCopyField:
		return p.copyField(a)
	case actExperiment:
		return len(a) >= 16 && u32 == expNicira && p.nicira(binary.BigEndian.Uint16(a[8:]), a[10:], depth)
	default:
		return false
	}
	return true
}

// nicira prints a Nicira action; b is what follows the subtype, 6 bytes or
// more.
func (p *printer) nicira(subtype uint16, b []byte, depth int) bool {
	switch subtype {
	case nxResubmitTable, nxResubmitCT:
		p.resubmit(b, subtype == nxResubmitCT)
	case nxNote:
		p.str("note:")
		p.dots(string(b))
	case nxBundle:
		return p.bundle(b)
	case nxOutputReg:
		return p.outputReg(b)
	case nxLearn, nxLearn2:
		return p.learn(b, subtype == nxLearn2)
	case nxController:
		return p.controller1(b)
	case nxController2:
		return p.controller2(b[6:])
	case nxStackPush:
		p.str("push:")
		return p.stack(b)
	case nxStackPop:
		p.str("pop:")
		return p.stack(b)
	case nxSample, nxSample2, nxSample3:
		return p.sample(b, subtype != nxSample)
	case nxConjunction:
		p.conjunction(b)
	case nxCT:
		return p.ct(b, depth)
	case nxNAT:
		return p.nat(b)
	case nxClone:
		p.str("clone(")
		p.list(b[6:], depth+1)
		p.char(')')
	case nxCTClear:
		p.str("ct_clear")
	case nxCheckPktLarger:
		return p.checkPktLarger(b)
	case nxDeleteField:
		f, _, _, _, err := parseHeader(b)
		if err != nil {
			return false
		}
		p.str("delete_field:" + f.Name())
	default:
		return false
	}
	return true
}
