package ofp

import "encoding/binary"

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

func (p *printer) ct(b []byte, depth int) bool {
	if len(b) < 14 {
		return false
	}
	p.str("ct(")
	sep := ""
	part := func(s string) { p.str(sep + s); sep = "," }
	flags, zone, table, alg := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[6:]), b[8], binary.BigEndian.Uint16(b[12:])
	if flags&1 != 0 {
		part("commit")
	}
	if flags&2 != 0 {
		part("force")
	}
	if table != NoTable {
		part("table=")
		p.dec(uint64(table))
	}
	if binary.BigEndian.Uint32(b[2:]) != 0 {
		f, _, _, _, err := parseHeader(b[2:])
		if err != nil {
			return false
		}
		part("zone=")
		p.sub(bitRange(f, zone))
	} else if zone != 0 {
		part("zone=")
		p.dec(uint64(zone))
	}
	b = b[14:]
	if len(b) >= 16 && binary.BigEndian.Uint16(b) == actExperiment && binary.BigEndian.Uint16(b[8:]) == nxNAT {
		a, rest, ok := nextAction(b)
		if !ok {
			return false
		}
		part("")
		p.nat(a[10:])
		b = rest
	}
	if len(b) > 0 {
		part("exec(")
		p.list(b, depth+1)
		p.char(')')
	}
	switch alg {
	case ALGNone:
	case ALGFTP:
		part("alg=ftp")
	case ALGTFTP:
		part("alg=tftp")
	default:
		part("alg=")
		p.dec(uint64(alg))
	}
	p.char(')')
	return true
}

// bitRange is the inverse of [Subfield.ofsNbits].
func bitRange(f Field, v uint16) Subfield { return Subfield{f, v >> 6, v&63 + 1} }
