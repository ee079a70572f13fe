package ofp

import "encoding/binary"

// Reasons for a packet-in.
const (
	ReasonNoMatch    uint8 = 0
	ReasonAction     uint8 = 1
	ReasonInvalidTTL uint8 = 2
	ReasonActionSet  uint8 = 3
	ReasonGroup      uint8 = 4
	ReasonPacketOut  uint8 = 5
)

// Controller says how a packet is sent to the controller. The zero value sends
// the whole packet to the connections with controller id 0, reason action.
type Controller struct {
	Userdata []byte // handed back in the packet-in
	Pause    bool   // stop the pipeline here until it is resumed
	MeterID  uint32 // 0: none
	ID       uint16 // controller id
	Reason   uint8  // 0 stands for ReasonAction
	MaxLen   uint16 // 0: whole packet
}

const (
	ac2MaxLen       = 0
	ac2ControllerID = 1
	ac2Reason       = 2
	ac2Userdata     = 3
	ac2Pause        = 4
	ac2MeterID      = 5
)

// Controller sends the packet to the controller.
func (b *ActionBuilder) Controller(c Controller) {
	maxLen, reason := c.MaxLen, c.Reason
	if maxLen == 0 {
		maxLen = 0xffff
	}
	if reason == 0 {
		reason = ReasonAction
	}
	if len(c.Userdata) == 0 && !c.Pause && c.MeterID == 0 {
		b.controller1(maxLen, c.ID, reason)
		return
	}
	m := b.mark()
	b.nicira(nxController2, 0)
	b.zeros(6)
	if maxLen != 0xffff {
		b.prop16(ac2MaxLen, maxLen)
	}
	if c.ID != 0 {
		b.prop16(ac2ControllerID, c.ID)
	}
	if reason != ReasonAction {
		b.header(ac2Reason, 5)
		b.u8(reason)
		b.zeros(3)
	}
	if n := len(c.Userdata); n != 0 {
		b.header(ac2Userdata, uint16(4+n))
		b.buf = append(b.buf, c.Userdata...)
		b.zeros(-(4 + n) & 7)
	}
	if c.Pause {
		b.header(ac2Pause, 4)
		b.zeros(4)
	}
	if c.MeterID != 0 {
		b.header(ac2MeterID, 8)
		b.u32(c.MeterID)
	}
	b.End(m)
}

// prop16 appends a property with a 16-bit value.
func (b *ActionBuilder) prop16(typ, v uint16) {
	b.header(typ, 8)
	b.u16(v)
	b.zeros(2)
}

// controller1 is the older form, which the switch uses where it is enough; the
// simplest case is an output to the controller port.
func (b *ActionBuilder) controller1(maxLen, id uint16, reason uint8) {
	if id == 0 && reason == ReasonAction {
		b.header(actOutput, 16)
		b.u32(PortController)
		b.u16(maxLen)
		b.zeros(6)
		return
	}
	b.nicira(nxController, 16)
	b.u16(maxLen)
	b.u16(id)
	b.u8(reason)
	b.u8(0)
}

var reasonNames = [...]string{"no_match", "action", "invalid_ttl", "action_set", "group", "packet_out"}

// controllerSpec is what the two forms of the action say.
type controllerSpec struct {
	Controller
	hasMeter bool
	userdata []byte
}

func (p *printer) controller1(b []byte) bool {
	return p.controller(controllerSpec{Controller: Controller{
		MaxLen: binary.BigEndian.Uint16(b), ID: binary.BigEndian.Uint16(b[2:]), Reason: b[4],
	}})
}

// controller2 reads the properties in b.
func (p *printer) controller2(b []byte) bool {
	c := controllerSpec{Controller: Controller{MaxLen: 0xffff, Reason: ReasonAction}}
	for len(b) > 0 {
		typ, v, rest, err := parseProp(b)
		if err != nil {
			return false
		}
		switch {
		case typ == ac2MaxLen && len(v) >= 2:
			c.MaxLen = binary.BigEndian.Uint16(v)
		case typ == ac2ControllerID && len(v) >= 2:
			c.ID = binary.BigEndian.Uint16(v)
		case typ == ac2Reason && len(v) >= 1:
			c.Reason = v[0]
		case typ == ac2Userdata:
			c.userdata = v
		case typ == ac2Pause:
			c.Pause = true
		case typ == ac2MeterID && len(v) >= 4:
			c.MeterID, c.hasMeter = binary.BigEndian.Uint32(v), true
		default:
			return false
		}
		b = rest
	}
	return p.controller(c)
}

func (p *printer) controller(c controllerSpec) bool {
	if len(c.userdata) == 0 && !c.Pause && !c.hasMeter && c.ID == 0 && c.Reason == ReasonAction {
		p.str("CONTROLLER:")
		p.dec(uint64(c.MaxLen))
		return true
	}
	p.str("controller(")
	sep := ""
	part := func(s string) { p.str(sep + s); sep = "," }
	if c.Reason != ReasonAction {
		part("reason=")
		if int(c.Reason) < len(reasonNames) {
			p.str(reasonNames[c.Reason])
		} else {
			p.dec(uint64(c.Reason))
		}
	}
	if c.MaxLen != 0xffff {
		part("max_len=")
		p.dec(uint64(c.MaxLen))
	}
	if c.ID != 0 {
		part("id=")
		p.dec(uint64(c.ID))
	}
	if len(c.userdata) > 0 {
		part("userdata=")
		p.dots(string(c.userdata))
	}
	if c.Pause {
		part("pause")
	}
	if c.hasMeter {
		part("meter_id=")
		p.dec(uint64(c.MeterID))
	}
	p.char(')')
	return true
}
