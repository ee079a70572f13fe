package ofp

// NoTable is the table number of a ct action that does not recirculate.
const NoTable uint8 = 0xff

// Application layer gateways of a ct action.
const (
	ALGNone uint16 = 0
	ALGFTP  uint16 = 21
	ALGTFTP uint16 = 69
)

// CT says what a ct action does. Actions nested in it (NAT, and set_field on
// ct_mark and ct_label, the "exec") go between BeginCT and End.
type CT struct {
	Commit, Force bool
	Zone          uint16   // used where ZoneField is empty
	ZoneField     Subfield // N == 0: none
	Table         uint8    // NoTable: go on without recirculating
	ALG           uint16
}

// BeginCT opens a ct action; see [ActionBuilder.End].
func (b *ActionBuilder) BeginCT(c CT) Mark {
	m := b.mark()
	b.nicira(nxCT, 0)
	var flags uint16
	if c.Commit {
		flags |= 1
	}
	if c.Force {
		flags |= 2
	}
	b.u16(flags)
	if c.ZoneField.N != 0 {
		b.legacyField(c.ZoneField.Field)
		b.u16(c.ZoneField.ofsNbits())
	} else {
		b.u32(0)
		b.u16(c.Zone)
	}
	b.u8(c.Table)
	b.zeros(3)
	b.u16(c.ALG)
	return m
}

// CT appends a ct action with nothing nested in it.
func (b *ActionBuilder) CT(c CT) { b.End(b.BeginCT(c)) }

// CTClear forgets the conntrack state of the packet.
func (b *ActionBuilder) CTClear() {
	b.nicira(nxCTClear, 16)
	b.zeros(6)
}
