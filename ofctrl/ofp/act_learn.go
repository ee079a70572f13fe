package ofp

import "encoding/binary"

// Learn says which flow a learn action adds. What it matches and does is said
// by the Learn… methods between BeginLearn and End.
type Learn struct {
	IdleTimeout, HardTimeout       uint16
	FinIdleTimeout, FinHardTimeout uint16
	Priority                       uint16
	Cookie                         uint64
	Table                          uint8
	DeleteLearned                  bool
	Limit                          uint32   // 0: no limit
	LimitResult                    Subfield // N == 0: none; else the bit that is set where the limit was reached
}

const (
	learnSrcImm   = 1 << 13
	learnDstLoad  = 1 << 11
	learnDstOut   = 2 << 11
	learnFlagDel  = 2
	learnWriteRes = 4
)

// BeginLearn opens a learn action; see [ActionBuilder.End].
func (b *ActionBuilder) BeginLearn(l Learn) Mark {
	m := b.mark()
	two := l.Limit != 0 || l.LimitResult.N != 0
	var flags uint16
	if l.DeleteLearned {
		flags |= learnFlagDel
	}
	if two {
		b.nicira(nxLearn2, 0)
	} else {
		b.nicira(nxLearn, 0)
	}
	b.u16(l.IdleTimeout)
	b.u16(l.HardTimeout)
	b.u16(l.Priority)
	b.u64(l.Cookie)
	if l.LimitResult.N != 0 {
		flags |= learnWriteRes
	}
	b.u16(flags)
	b.u8(l.Table)
	b.u8(0)
	b.u16(l.FinIdleTimeout)
	b.u16(l.FinHardTimeout)
	if two {
		b.u32(l.Limit)
		b.u16(l.LimitResult.Ofs)
		b.u16(0)
		if l.LimitResult.N != 0 {
			b.legacyField(l.LimitResult.Field)
		}
	}
	return m
}

// LearnMatch makes the learned flow match the value that src has now in dst.
func (b *ActionBuilder) LearnMatch(src, dst Subfield) { b.learnCopy(0, src, dst) }

// LearnMatchValue makes the learned flow match v in dst.
func (b *ActionBuilder) LearnMatchValue(v U128, dst Subfield) { b.learnValue(0, v, dst) }

// LearnLoad makes the learned flow load the value that src has now into dst.
func (b *ActionBuilder) LearnLoad(src, dst Subfield) { b.learnCopy(learnDstLoad, src, dst) }

// LearnLoadValue makes the learned flow load v into dst.
func (b *ActionBuilder) LearnLoadValue(v U128, dst Subfield) { b.learnValue(learnDstLoad, v, dst) }

// LearnOutput makes the learned flow send to the port that src holds now.
func (b *ActionBuilder) LearnOutput(src Subfield) {
	b.u16(learnDstOut | src.N)
	b.legacyField(src.Field)
	b.u16(src.Ofs)
}

func (b *ActionBuilder) learnCopy(kind uint16, src, dst Subfield) {
	b.u16(kind | dst.N)
	b.legacyField(src.Field)
	b.u16(src.Ofs)
	b.legacyField(dst.Field)
	b.u16(dst.Ofs)
}

func (b *ActionBuilder) learnValue(kind uint16, v U128, dst Subfield) {
	b.u16(learnSrcImm | kind | dst.N)
	b.buf = appendUint(b.buf, v.And(Ones(int(dst.N))), (int(dst.N)+15)/16*2)
	b.legacyField(dst.Field)
	b.u16(dst.Ofs)
}

func (p *printer) learn(b []byte, two bool) bool {
	if len(b) < 22 || two && len(b) < 30 {
		return false
	}
	flags := binary.BigEndian.Uint16(b[14:])
	p.str("learn(table=")
	p.dec(uint64(b[16]))
	for _, t := range [...]struct {
		name string
		at   int
		none uint16
	}{{"idle_timeout", 0, 0}, {"hard_timeout", 2, 0}, {"fin_idle_timeout", 18, 0}, {"fin_hard_timeout", 20, 0}, {"priority", 4, 0x8000}} {
		if v := binary.BigEndian.Uint16(b[t.at:]); v != t.none {
			p.str("," + t.name + "=")
			p.dec(uint64(v))
		}
	}
	if flags&1 != 0 {
		p.str(",send_flow_rem")
	}
	if flags&learnFlagDel != 0 {
		p.str(",delete_learned")
	}
	if v := binary.BigEndian.Uint64(b[6:]); v != 0 {
		p.str(",cookie=")
		p.hex(v)
	}
	specs := b[22:]
	if two {
		if v := binary.BigEndian.Uint32(specs); v != 0 {
			p.str(",limit=")
			p.dec(uint64(v))
		}
		ofs := binary.BigEndian.Uint16(specs[4:])
		specs = specs[8:]
		if flags&learnWriteRes != 0 {
			f, _, _, rest, err := parseHeader(specs)
			if err != nil {
				return false
			}
			p.str(",result_dst=")
			p.sub(Subfield{f, ofs, 1})
			specs = rest
		}
	}
	return p.learnSpecs(specs)
}

// learnSpecs prints what a learned flow matches and does, up to the padding.
func (p *printer) learnSpecs(b []byte) bool {
	bad := false
	take := func(n int) []byte {
		if n > len(b) {
			bad = true
			return make([]byte, n)
		}
		v := b[:n]
		b = b[n:]
		return v
	}
	subfield := func(n uint16) Subfield {
		f, _, _, rest, err := parseHeader(b)
		if err != nil || len(rest) < 2 {
			bad = true
			return Subfield{}
		}
		b = rest[2:]
		return Subfield{f, binary.BigEndian.Uint16(rest), n}
	}
	for len(b) >= 2 && !bad {
		h := binary.BigEndian.Uint16(take(2))
		n := h & 0x7ff
		if h == 0 {
			break // padding
		}
		p.char(',')
		var v U128
		var src Subfield
		imm := h&learnSrcImm != 0
		if imm {
			v = U128FromBytes(take((int(n) + 15) / 16 * 2))
		} else {
			src = subfield(n)
		}
		switch h & (3 << 11) {
		case learnDstOut:
			p.str("output:")
			p.sub(src)
		case learnDstLoad:
			dst := subfield(n)
			p.str("load:")
			if imm {
				p.str(v.String())
			} else {
				p.sub(src)
			}
			p.str("->")
			p.sub(dst)
		default:
			p.learnMatch(imm, v, src, subfield(n))
		}
	}
	p.char(')')
	return !bad
}

func (p *printer) learnMatch(imm bool, v U128, src, dst Subfield) {
	switch {
	case imm && int(dst.N) == dst.Field.Bits():
		p.str(dst.Field.Name() + "=")
		p.value(dst.Field, v, dst.Field.full())
	case imm:
		p.sub(dst)
		p.char('=')
		p.str(v.String())
	case src == dst:
		p.sub(dst)
	default:
		p.sub(dst)
		p.char('=')
		p.sub(src)
	}
}
