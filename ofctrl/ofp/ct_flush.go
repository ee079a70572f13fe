package ofp

import (
	"encoding/binary"
	"net/netip"
)

// CTTuple names connections by one direction of theirs; what is not set matches
// any. Addresses are of one family.
type CTTuple struct {
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16 // not of ICMP; 0: any
	// ICMP says that ID, Type and Code are to be matched.
	ICMP       bool
	ID         uint16
	Type, Code uint8
}

// CTFlush says which connections are forgotten: those that fit all of it.
type CTFlush struct {
	Zone    uint16
	AnyZone bool
	Proto   uint8 // IP protocol; needed where a tuple has ports
	Orig    CTTuple
	Reply   CTTuple
}

const (
	ctOrigTuple  = 0
	ctReplyTuple = 1
	ctZone       = 2

	ctTupleSrc      = 0
	ctTupleDst      = 1
	ctTupleSrcPort  = 2
	ctTupleDstPort  = 3
	ctTupleICMPID   = 4
	ctTupleICMPType = 5
	ctTupleICMPCode = 6
)

// AppendCTFlush appends an NXT_CT_FLUSH (Open vSwitch 3.1 and later).
func AppendCTFlush(b []byte, xid uint32, f *CTFlush) []byte {
	b, at := beginNicira(b, NXCTFlush, xid)
	b = append(b, f.Proto)
	b = appendZeros(b, 7)
	b = appendTuple(b, ctOrigTuple, &f.Orig)
	b = appendTuple(b, ctReplyTuple, &f.Reply)
	if !f.AnyZone {
		b = appendProp16(b, ctZone, f.Zone)
	}
	return finish(b, at)
}

// appendTuple appends a tuple as a property of properties, or nothing where it
// matches any.
func appendTuple(b []byte, typ uint16, t *CTTuple) []byte {
	if *t == (CTTuple{}) {
		return b
	}
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, typ)
	b = appendZeros(b, 6)
	b = appendTupleAddr(b, ctTupleSrc, t.Src)
	b = appendTupleAddr(b, ctTupleDst, t.Dst)
	if t.SrcPort != 0 {
		b = appendProp16(b, ctTupleSrcPort, t.SrcPort)
	}
	if t.DstPort != 0 {
		b = appendProp16(b, ctTupleDstPort, t.DstPort)
	}
	if t.ICMP {
		b = appendProp16(b, ctTupleICMPID, t.ID)
		b = appendProp8(b, ctTupleICMPType, t.Type)
		b = appendProp8(b, ctTupleICMPCode, t.Code)
	}
	binary.BigEndian.PutUint16(b[at+2:], uint16(len(b)-at))
	return b
}

// appendTupleAddr appends an address; one of IPv4 as IPv6 maps it.
func appendTupleAddr(b []byte, typ uint16, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	v := a.As16()
	return appendProp(b, typ, v[:])
}

// appendProp16 appends a property whose value has 16 bits.
func appendProp16(b []byte, typ, v uint16) []byte {
	b = binary.BigEndian.AppendUint16(b, typ)
	b = append(b, 0, 8)
	b = binary.BigEndian.AppendUint16(b, v)
	return append(b, 0, 0)
}
