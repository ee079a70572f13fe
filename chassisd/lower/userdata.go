package lower

import (
	"encoding/binary"
	"fmt"
)

// Opcode says what the agent is to do with a packet that a flow sent it.
type Opcode uint32

// The opcodes have OVN's numbers.
const (
	OpARP           Opcode = 0
	OpPutARP        Opcode = 1
	OpPutDHCP       Opcode = 2
	OpNDNA          Opcode = 3
	OpPutND         Opcode = 4
	OpPutDHCPv6     Opcode = 5
	OpDNSLookup     Opcode = 6
	OpLog           Opcode = 7
	OpPutNDRA       Opcode = 8
	OpNDNS          Opcode = 9
	OpICMP          Opcode = 10
	OpTCPReset      Opcode = 11
	OpNDNARouter    Opcode = 12
	OpICMP4Error    Opcode = 14
	OpEvent         Opcode = 15
	OpIGMP          Opcode = 16
	OpBindVport     Opcode = 17
	OpSvcCheck      Opcode = 18
	OpDHCPv6Reply   Opcode = 19
	OpICMP6Error    Opcode = 20
	OpReject        Opcode = 22
	OpBFD           Opcode = 23
	OpSCTPAbort     Opcode = 24
	OpPutFDB        Opcode = 25
	OpDHCPRelayReq  Opcode = 28
	OpDHCPRelayResp Opcode = 29
	OpInnerIP4Src   Opcode = 30
	opcodeUnknown   Opcode = 1<<32 - 1
)

// OpWay is no logical action's: see physical.AskWay.
const OpWay Opcode = 1 << 16

// opcodeNames are the names of the actions behind the opcodes.
var opcodeNames = [...]string{
	OpARP:           "arp",
	OpPutARP:        "put_arp",
	OpPutDHCP:       "put_dhcp_opts",
	OpNDNA:          "nd_na",
	OpPutND:         "put_nd",
	OpPutDHCPv6:     "put_dhcpv6_opts",
	OpDNSLookup:     "dns_lookup",
	OpLog:           "log",
	OpPutNDRA:       "put_nd_ra_opts",
	OpNDNS:          "nd_ns",
	OpICMP:          "icmp4 or icmp6",
	OpTCPReset:      "tcp_reset",
	OpNDNARouter:    "nd_na_router",
	OpICMP4Error:    "icmp4_error",
	OpEvent:         "trigger_event",
	OpIGMP:          "igmp",
	OpBindVport:     "bind_vport",
	OpSvcCheck:      "handle_svc_check",
	OpDHCPv6Reply:   "handle_dhcpv6_reply",
	OpICMP6Error:    "icmp6_error",
	OpReject:        "reject",
	OpBFD:           "handle_bfd_msg",
	OpSCTPAbort:     "sctp_abort",
	OpPutFDB:        "put_fdb",
	OpDHCPRelayReq:  "dhcp_relay_req_chk",
	OpDHCPRelayResp: "dhcp_relay_resp_chk",
	OpInnerIP4Src:   "icmp4.inner_ip4.src =",
}

// String returns the name of the action behind the opcode.
func (o Opcode) String() string {
	if o == OpWay {
		return "way back"
	}
	if uint64(o) < uint64(len(opcodeNames)) && opcodeNames[o] != "" {
		return opcodeNames[o]
	}
	return fmt.Sprintf("opcode %d", uint32(o))
}

// userdataHeader is the length of what every userdata begins with: the
// opcode, big-endian, and four zero bytes.
const userdataHeader = 8

// Userdata is the decoded userdata of a controller action. Behind the header
// stand the operation's arguments, which Decode reads; for an action with nested actions those
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
	case OpARP, OpNDNA, OpNDNS, OpNDNARouter, OpICMP, OpICMP4Error, OpICMP6Error, OpTCPReset, OpSCTPAbort, OpReject:
		return true
	}
	return false
}

// Encode is what DecodeUserdata decodes.
func (u Userdata) Encode() []byte { return append(appendUserdata(nil, u.Op), u.Args...) }

// appendUserdata appends the header; the arguments go behind it.
func appendUserdata(b []byte, op Opcode) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(op))
	return append(b, 0, 0, 0, 0)
}
