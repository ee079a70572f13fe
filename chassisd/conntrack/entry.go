package conntrack

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// entry is a connection as dpctl/dump-conntrack tells it, as far as it is needed.
type entry struct {
	proto uint8
	orig  ofp.CTTuple
	reply ofp.CTTuple
	zone  uint16
	mark  uint32
	label label
}

// label is ct_label, the highest bits first.
type label [16]byte

func (l label) acl() uint16       { return binary.BigEndian.Uint16(l[4:]) } // ct_label.acl_id, bits 80 to 95
func (l label) replyEth() [6]byte { return [6]byte(l[6:12]) }               // ct_label.ecmp_reply_eth, bits 32 to 79

// natted is ct_mark.natted.
const natted = 1 << 1

// allowEstablished is ct_mark.allow_established.
const allowEstablished = 1 << 6

// parseEntry reads a line such as
//
//	tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1,dport=2),reply=(…),zone=3,mark=64,labels=0x1,protoinfo=(…)
func parseEntry(line string) (e entry, ok bool) {
	name, rest, _ := strings.Cut(line, ",")
	if e.proto, ok = protocol(name); !ok {
		return e, false
	}
	for rest != "" {
		var key, value string
		key, rest, _ = strings.Cut(rest, "=")
		if inner, found := strings.CutPrefix(rest, "("); found {
			value, rest, _ = strings.Cut(inner, ")")
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		if !e.set(key, value) {
			return e, false
		}
	}
	return e, e.orig.Src.IsValid() && e.orig.Dst.IsValid()
}

func (e *entry) set(key, value string) (ok bool) {
	switch key {
	case "orig":
		e.orig, ok = parseTuple(value)
		return ok
	case "reply":
		e.reply, ok = parseTuple(value)
		return ok
	case "zone":
		n, err := strconv.ParseUint(value, 10, 16)
		e.zone = uint16(n)
		return err == nil
	case "mark":
		n, err := strconv.ParseUint(value, 0, 32)
		e.mark = uint32(n)
		return err == nil
	case "labels":
		e.label, ok = parseLabel(value)
		return ok
	}
	return true
}

// parseLabel reads up to 32 hexadecimal digits.
func parseLabel(text string) (l label, ok bool) {
	digits := strings.TrimPrefix(text, "0x")
	if len(digits) > 2*len(l) {
		return l, false
	}
	_, err := hex.Decode(l[:], []byte(strings.Repeat("0", 2*len(l)-len(digits))+digits))
	return l, err == nil
}

// protocol reads the name of a protocol, or the number of one without.
func protocol(name string) (uint8, bool) {
	for i, known := range protocols {
		if known.name == name {
			return protocols[i].number, true
		}
	}
	n, err := strconv.ParseUint(name, 10, 8)
	return uint8(n), err == nil
}

// protocols: IANA's numbers.
var protocols = [...]struct {
	name   string
	number uint8
}{{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}, {"sctp", 132}, {"igmp", 2}, {"dccp", 33}, {"udplite", 136}}

// parseTuple reads "src=…,dst=…,sport=…,dport=…", with id, type and code for ICMP.
func parseTuple(text string) (t ofp.CTTuple, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		if key == "src" || key == "dst" {
			a, err := netip.ParseAddr(value)
			if err != nil {
				return t, false
			}
			if key == "src" {
				t.Src = a
			} else {
				t.Dst = a
			}
			continue
		}
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return t, false
		}
		switch key {
		case "sport":
			t.SrcPort = uint16(n)
		case "dport":
			t.DstPort = uint16(n)
		case "id":
			t.ICMP, t.ID = true, uint16(n)
		case "type":
			t.ICMP, t.Type = true, uint8(n)
		case "code":
			t.ICMP, t.Code = true, uint8(n)
		}
	}
	return t, true
}
