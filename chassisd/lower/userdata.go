package lower

import (
	"encoding/binary"
	"fmt"
)

// Opcode says what the agent is to do with a packet that a flow sent it.
type Opcode uint32

// The opcodes have OVN's numbers.
const (
	OpARP         Opcode = 0
	OpPutARP      Opcode = 1
	OpNDNA        Opcode = 3
	OpPutND       Opcode = 4
	OpNDNS        Opcode = 9
	OpNDNARouter  Opcode = 12
	OpPutFDB      Opcode = 25
	OpInnerIP4Src Opcode = 30
	opcodeUnknown Opcode = 1<<32 - 1
)

// String returns the name of the action behind the opcode.
func (o Opcode) String() string {
	switch o {
	case OpARP:
		return "arp"
	case OpNDNA:
		return "nd_na"
	case OpPutARP:
		return "put_arp"
	case OpPutND:
		return "put_nd"
	case OpNDNS:
		return "nd_ns"
	case OpNDNARouter:
		return "nd_na_router"
	case OpPutFDB:
		return "put_fdb"
	case OpInnerIP4Src:
		return "icmp4.inner_ip4.src ="
	}
	return fmt.Sprintf("opcode %d", uint32(o))
}

// userdataHeader is the length of what every userdata begins with: the
// opcode, big-endian, and four zero bytes.
const userdataHeader = 8

// Userdata is the decoded userdata of a controller action. Behind the header
// stand the operation's arguments; for an action with nested actions those
// are OpenFlow 1.5 actions, ready to be put into a packet-out (ofp.Actions).
type Userdata struct {
	Op   Opcode
	Args []byte
}

// DecodeUserdata decodes the userdata of a packet-in.
func DecodeUserdata(b []byte) (Userdata, error) {
	if len(b) < userdataHeader {
		return Userdata{Op: opcodeUnknown}, fmt.Errorf("lower: userdata of %d bytes, want %d or more", len(b), userdataHeader)
	}
	return Userdata{Op: Opcode(binary.BigEndian.Uint32(b)), Args: b[userdataHeader:]}, nil
}

// Nested tells whether Args are OpenFlow actions to execute on the packet
// that the operation makes.
func (u Userdata) Nested() bool {
	switch u.Op {
	case OpARP, OpNDNA, OpNDNS, OpNDNARouter:
		return true
	}
	return false
}

// appendUserdata appends the header; the arguments go behind it.
func appendUserdata(b []byte, op Opcode) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(op))
	return append(b, 0, 0, 0, 0)
}
