package ofp

import "encoding/binary"

// Actions is the action list of a flow, as on the wire in OpenFlow 1.5, in the
// form in which Open vSwitch reports it. The empty list drops.
type Actions string

// ActionBuilder collects actions, in order. Its zero value is ready. Actions
// that hold other actions (clone, ct, …) have a Begin method; [ActionBuilder.End]
// closes what it opened:
//
//	m := b.BeginClone()
//	b.Output(3)
//	b.End(m)
type ActionBuilder struct{ buf []byte }

// Reset empties the builder.
func (b *ActionBuilder) Reset() { b.buf = b.buf[:0] }

// Len is the number of bytes collected so far.
func (b *ActionBuilder) Len() int { return len(b.buf) }

// Bytes returns the actions collected so far; they are valid until the next
// call of the builder.
func (b *ActionBuilder) Bytes() []byte { return b.buf }

// Actions returns what has been collected; its only allocation is the string.
func (b *ActionBuilder) Actions() Actions { return Actions(b.buf) }

// Append adds the actions in a.
func (b *ActionBuilder) Append(a Actions) { b.buf = append(b.buf, a...) }

// OpenFlow's own action types.
const (
	actOutput     = 0
	actPushVLAN   = 17
	actPopVLAN    = 18
	actPushMPLS   = 19
	actPopMPLS    = 20
	actSetQueue   = 21
	actGroup      = 22
	actDecTTL     = 24
	actSetField   = 25
	actCopyField  = 28
	actMeter      = 29
	actExperiment = 0xffff
)

// Nicira action subtypes.
const (
	nxResubmit       = 1
	nxNote           = 8
	nxBundle         = 12
	nxResubmitTable  = 14
	nxOutputReg      = 15
	nxLearn          = 16
	nxController     = 20
	nxDecTTLCntIDs   = 21
	nxStackPush      = 27
	nxStackPop       = 28
	nxSample         = 29
	nxConjunction    = 34
	nxCT             = 35
	nxNAT            = 36
	nxController2    = 37
	nxSample2        = 38
	nxSample3        = 41
	nxClone          = 42
	nxCTClear        = 43
	nxResubmitCT     = 44
	nxLearn2         = 45
	nxCheckPktLarger = 49
	nxDeleteField    = 50
)

// header starts an action of OpenFlow's own.
func (b *ActionBuilder) header(typ, length uint16) {
	b.buf = binary.BigEndian.AppendUint16(b.buf, typ)
	b.buf = binary.BigEndian.AppendUint16(b.buf, length)
}

// nicira starts a Nicira action; its 10 bytes of header are part of length.
func (b *ActionBuilder) nicira(subtype, length uint16) {
	b.header(actExperiment, length)
	b.buf = binary.BigEndian.AppendUint32(b.buf, expNicira)
	b.buf = binary.BigEndian.AppendUint16(b.buf, subtype)
}

func (b *ActionBuilder) u8(v uint8)   { b.buf = append(b.buf, v) }
func (b *ActionBuilder) u16(v uint16) { b.buf = binary.BigEndian.AppendUint16(b.buf, v) }
func (b *ActionBuilder) u32(v uint32) { b.buf = binary.BigEndian.AppendUint32(b.buf, v) }
func (b *ActionBuilder) u64(v uint64) { b.buf = binary.BigEndian.AppendUint64(b.buf, v) }
func (b *ActionBuilder) zeros(n int)  { b.buf = appendZeros(b.buf, n) }

// field appends the OXM header that names f.
func (b *ActionBuilder) field(f Field) { b.buf = f.appendHeader(b.buf, false, int(f.info().bytes)) }

// Mark is an action that has been begun and not ended.
type Mark int

func (b *ActionBuilder) mark() Mark { return Mark(len(b.buf)) }

// End closes the action begun at m: it is padded to 8 bytes and its length set.
// An action that has become longer than 65,535 bytes makes the whole list too
// long as well, which is refused where the list is put into a message.
func (b *ActionBuilder) End(m Mark) {
	b.zeros(-(len(b.buf) - int(m)) & 7)
	binary.BigEndian.PutUint16(b.buf[m+2:], uint16(len(b.buf)-int(m)))
}
