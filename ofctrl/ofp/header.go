package ofp

import (
	"encoding/binary"
	"fmt"
)

// Version is OpenFlow 1.5 on the wire.
const Version = 6

// MaxMessage is the greatest length of a message.
const MaxMessage = 65535

const headerLen = 8

// Type is a message type, OpenFlow 1.5, A.1.
type Type uint8

const (
	TypeHello            Type = 0
	TypeError            Type = 1
	TypeEchoRequest      Type = 2
	TypeEchoReply        Type = 3
	TypeExperimenter     Type = 4
	TypeFeaturesRequest  Type = 5
	TypeFeaturesReply    Type = 6
	TypeGetConfigRequest Type = 7
	TypeGetConfigReply   Type = 8
	TypeSetConfig        Type = 9
	TypePacketIn         Type = 10
	TypeFlowRemoved      Type = 11
	TypePortStatus       Type = 12
	TypePacketOut        Type = 13
	TypeFlowMod          Type = 14
	TypeGroupMod         Type = 15
	TypePortMod          Type = 16
	TypeTableMod         Type = 17
	TypeMultipartRequest Type = 18
	TypeMultipartReply   Type = 19
	TypeBarrierRequest   Type = 20
	TypeBarrierReply     Type = 21
	TypeRoleRequest      Type = 24
	TypeRoleReply        Type = 25
	TypeGetAsyncRequest  Type = 26
	TypeGetAsyncReply    Type = 27
	TypeSetAsync         Type = 28
	TypeMeterMod         Type = 29
	TypeRoleStatus       Type = 30
	TypeTableStatus      Type = 31
	TypeRequestForward   Type = 32
	TypeBundleControl    Type = 33
	TypeBundleAdd        Type = 34
)

var typeNames = [...]string{
	"hello", "error", "echo request", "echo reply", "experimenter", "features request", "features reply",
	"get config request", "get config reply", "set config", "packet in", "flow removed", "port status",
	"packet out", "flow mod", "group mod", "port mod", "table mod", "multipart request", "multipart reply",
	"barrier request", "barrier reply", "type 22", "type 23", "role request", "role reply", "get async request",
	"get async reply", "set async", "meter mod", "role status", "table status", "request forward",
	"bundle control", "bundle add",
}

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Header is the start of every message.
type Header struct {
	Version uint8
	Type    Type
	Length  uint16
	Xid     uint32
}

// ParseHeader reads the first 8 bytes of a message. The length that it returns
// is at least 8.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < headerLen {
		return Header{}, errShort("header")
	}
	h := Header{b[0], Type(b[1]), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])}
	if h.Length < headerLen {
		return h, errLength("message", int(h.Length), headerLen)
	}
	return h, nil
}

// begin appends a header whose length finish sets. It returns the offset of the
// message in the buffer too.
func begin(b []byte, t Type, xid uint32) ([]byte, int) {
	at := len(b)
	b = append(b, Version, byte(t), 0, 0)
	return binary.BigEndian.AppendUint32(b, xid), at
}

// finish sets the length of the message that begins at offset at. A message
// that is too long for the protocol gets length 0, which Fits finds.
func finish(b []byte, at int) []byte {
	n := len(b) - at
	if n > MaxMessage {
		n = 0
	}
	binary.BigEndian.PutUint16(b[at+2:], uint16(n))
	return b
}

// Fits says whether the message that begins at offset at was short enough for
// the protocol. Only messages with actions in them can be too long.
func Fits(b []byte, at int) bool { return binary.BigEndian.Uint16(b[at+2:]) != 0 }

// AppendEmpty appends a message that is a header only (barrier request,
// features request, …).
func AppendEmpty(b []byte, t Type, xid uint32) []byte {
	b, at := begin(b, t, xid)
	return finish(b, at)
}
