package lower

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Bit is where the agent is to store the result of an action before it lets
// the packet go on. In userdata it is the number of the bit, the length of
// the field's name (a byte each) and the name as ofp.FieldByName has it, so
// that flows of another version of the agent mean the same.
type Bit struct {
	Field ofp.Field
	Bit   int
}

func appendBit(b []byte, f lflow.Field) []byte {
	s := subfield(f)
	name := s.Field.Name()
	return append(append(b, byte(s.Ofs), byte(len(name))), name...)
}

// Decode decodes Args: a pointer-free value of the type that is named like
// the action (PutDHCP, DNSLookup, …), ofp.Actions for an action with nested
// ones, netip.Addr for OpInnerIP4Src, nil for an operation without arguments.
func (u Userdata) Decode() (any, error) {
	r := &reader{b: u.Args}
	v, known := u.decode(r)
	switch {
	case !known:
		return nil, fmt.Errorf("lower: unknown %s", u.Op)
	case r.bad:
		return nil, fmt.Errorf("lower: malformed arguments of %s", u.Op)
	case len(r.b) > 0:
		return nil, fmt.Errorf("lower: %d bytes behind the arguments of %s", len(r.b), u.Op)
	}
	return v, nil
}

func (u Userdata) decode(r *reader) (v any, known bool) {
	if u.Nested() {
		a := ofp.Actions(r.rest())
		r.bad = len(a)%8 != 0
		return a, true
	}
	switch u.Op {
	case OpPutARP, OpPutND, OpPutFDB, OpIGMP, OpSvcCheck, OpDHCPv6Reply, OpBFD:
		return nil, true
	case OpInnerIP4Src:
		return r.ip4(), true
	case OpPutDHCP, OpPutDHCPv6:
		return decodePutDHCP(r, u.Op == OpPutDHCPv6), true
	case OpDHCPRelayReq, OpDHCPRelayResp:
		return decodeDHCPRelay(r), true
	case OpPutNDRA:
		return decodePutNDRA(r), true
	case OpDNSLookup:
		return decodeDNSLookup(r), true
	case OpLog:
		return decodeLog(r), true
	case OpEvent:
		return decodeEvent(r), true
	case OpBindVport:
		return decodeBindVport(r), true
	}
	return nil, false
}

// reader takes arguments off the front of b. Where there are not enough, bad
// is set and what is returned is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) rest() []byte { return r.bytes(len(r.b)) }

// uint reads n bytes, at most 8, in network order.
func (r *reader) uint(n int) uint64 {
	var b [8]byte
	copy(b[8-n:], r.bytes(n))
	return binary.BigEndian.Uint64(b[:])
}

func (r *reader) ip4() netip.Addr {
	var a [4]byte
	copy(a[:], r.bytes(4))
	return netip.AddrFrom4(a)
}

func (r *reader) bit() Bit {
	n := int(r.uint(1))
	f, ok := ofp.FieldByName(string(r.bytes(int(r.uint(1)))))
	if !ok || n >= f.Bits() {
		r.bad = true
		return Bit{}
	}
	return Bit{f, n}
}
