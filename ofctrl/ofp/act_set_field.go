package ofp

// SetField writes v into the whole of f.
func (b *ActionBuilder) SetField(f Field, v U128) { b.SetFieldMasked(f, v, Ones(f.WireBits())) }

// SetFieldMasked writes the bits of v under m into f. No bit is no action.
func (b *ActionBuilder) SetFieldMasked(f Field, v, m U128) {
	f = inAction(f)
	full := f.full()
	m = m.And(full)
	v = v.And(m)
	if m.IsZero() {
		return
	}
	i := f.info()
	at, n := b.mark(), int(i.bytes)
	if f == TunMetadata0 { // the switch reports as few bytes as will do
		n = v.Len()
		if m != full {
			n = m.Len()
		}
		n = max(1, (n+7)/8)
	}
	b.header(actSetField, 0)
	if m == full {
		b.buf = appendUint(f.appendHeader(b.buf, false, n), v, n)
	} else {
		b.buf = appendUint(appendUint(f.appendHeader(b.buf, true, n), v, n), m, n)
	}
	b.End(at)
}

// Load writes v into the bits dst.
func (b *ActionBuilder) Load(dst Subfield, v U128) {
	m := Ones(int(dst.N))
	b.SetFieldMasked(dst.Field, v.And(m).Shl(int(dst.Ofs)), m.Shl(int(dst.Ofs)))
}

func (p *printer) setField(a []byte) bool {
	f, v, m, _, err := parseOXM(a[4:])
	if err != nil {
		return false
	}
	p.str("set_field:")
	switch whole := m == f.full(); {
	case f.info().fmt == fmtDec && !whole:
		p.dec(v.Lo)
		p.char('/')
		p.number(m)
	case f.info().fmt == fmtTunFlags:
		p.flags(tunFlagNames[:], v.Lo, m.Lo, true)
	default:
		p.value(f, v, m)
	}
	p.str("->" + f.Name())
	return true
}
