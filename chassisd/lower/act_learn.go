package lower

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// learnPriority is that of learned flows.
const learnPriority = 0x8000

// Lifetime of a recorded next hop, in seconds; packets of the connection
// record it anew.
const (
	ecmpIdle = 20
	ecmpHard = 30
)

// learning returns match, with what the actions that learn want to know of the
// packet. The language gives them no prerequisites, but a switch refuses to
// copy fields that the packet need not have, and with that flow all others of
// the bundle.
func learning(match *lflow.Expr, as lflow.Actions) *lflow.Expr {
	for _, a := range as {
		switch a := a.(type) {
		case lflow.CommitECMPNextHop:
			match = lflow.And(match, lflow.Expand(a.Packets()))
		case lflow.CommitLBAffinity:
			match = lflow.And(match, lflow.Expand(a.Packets()))
		case lflow.Clone:
			match = learning(match, a.Actions)
		}
	}
	return match
}

// learnTables are those that actions fill with flows that the switch learns.
var learnTables = [...]uint8{TableECMPNextHopMAC, TableECMPNextHop, TableLBAffinity}

// LearnTables are the tables in which flows with a timeout are the switch's own:
// actions have it learn them.
func LearnTables() []uint8 { return slices.Clone(learnTables[:]) }

// beginLearn begins an action that learns. Its table is one of learnTables: what
// is learned elsewhere would be taken for drift.
func (e *encoder) beginLearn(l ofp.Learn) ofp.Mark {
	if !slices.Contains(learnTables[:], l.Table) {
		panic(fmt.Sprintf("lower: table %d is not declared as one that learns", l.Table))
	}
	return e.b.BeginLearn(l)
}

// flow5 are the fields that tell connections of a family and protocol apart.
type flow5 struct {
	ethType, proto             uint64
	src, dst, srcPort, dstPort ofp.Subfield
}

func flowFields(v6 bool, l4 lflow.L4) flow5 {
	f := flow5{ethType: 0x800, src: ofp.Whole(ofp.IPv4Src), dst: ofp.Whole(ofp.IPv4Dst)}
	if v6 {
		f.ethType, f.src, f.dst = 0x86dd, ofp.Whole(ofp.IPv6Src), ofp.Whole(ofp.IPv6Dst)
	}
	switch l4 {
	case lflow.L4TCP:
		f.proto, f.srcPort, f.dstPort = 6, ofp.Whole(ofp.TCPSrc), ofp.Whole(ofp.TCPDst)
	case lflow.L4UDP:
		f.proto, f.srcPort, f.dstPort = 17, ofp.Whole(ofp.UDPSrc), ofp.Whole(ofp.UDPDst)
	case lflow.L4SCTP:
		f.proto, f.srcPort, f.dstPort = 132, ofp.Whole(ofp.SCTPSrc), ofp.Whole(ofp.SCTPDst)
	}
	return f
}

// commitECMPNextHop learns a flow for more packets of the connection from
// the same next hop, and one for packets in the other direction.
func (e *encoder) commitECMPNextHop(a lflow.CommitECMPNextHop) {
	f := flowFields(a.V6, a.Proto)
	metadata, eth := e.metadata(), ofp.Whole(ofp.EthSrc)
	l := ofp.Learn{Table: TableECMPNextHopMAC, IdleTimeout: ecmpIdle, HardTimeout: ecmpHard, Priority: learnPriority, DeleteLearned: true}
	m := e.beginLearn(l)
	e.b.LearnMatch(metadata, metadata)
	e.b.LearnMatch(eth, eth)
	e.b.LearnMatchValue(ofp.U64(f.ethType), ofp.Whole(ofp.EthType))
	e.b.LearnMatch(f.src, f.src)
	e.b.LearnMatch(f.dst, f.dst)
	e.b.LearnMatchValue(ofp.U64(f.proto), ofp.Whole(ofp.IPProto))
	e.b.LearnMatch(f.srcPort, f.srcPort)
	e.b.LearnMatch(f.dstPort, f.dstPort)
	e.b.LearnLoadValue(ofp.U64(1), flag(FlagECMPReply))
	e.b.End(m)

	l.Table = TableECMPNextHop
	m = e.beginLearn(l)
	e.b.LearnMatch(metadata, metadata)
	e.b.LearnMatchValue(ofp.U64(f.ethType), ofp.Whole(ofp.EthType))
	e.b.LearnMatch(f.dst, f.src)
	e.b.LearnMatch(f.src, f.dst)
	e.b.LearnMatchValue(ofp.U64(f.proto), ofp.Whole(ofp.IPProto))
	e.b.LearnMatch(f.dstPort, f.srcPort)
	e.b.LearnMatch(f.srcPort, f.dstPort)
	e.b.LearnLoadValue(ofp.U64(1), flag(FlagECMPReply))
	e.b.End(m)
}

// commitLBAffinity learns a flow that answers with the backend: its address
// in reg4 or xxreg1, its port in the low bits of reg2. It carries the cookie
// of this flow, so that it goes when this flow goes.
func (e *encoder) commitLBAffinity(a lflow.CommitLBAffinity) {
	e.asked = true // for the cookie
	f := flowFields(a.VIP.Addr().Is6(), a.Proto)
	backend := ofp.Whole(ofp.Reg4)
	if a.VIP.Addr().Is6() {
		backend = ofp.Whole(ofp.XXReg1)
	}
	m := e.beginLearn(ofp.Learn{Table: TableLBAffinity, IdleTimeout: a.Timeout, Priority: learnPriority, Cookie: e.cookie, DeleteLearned: true})
	metadata := e.metadata()
	e.b.LearnMatch(metadata, metadata)
	e.b.LearnMatchValue(ofp.U64(f.ethType), ofp.Whole(ofp.EthType))
	e.b.LearnMatch(f.src, f.src)
	e.b.LearnMatchValue(addressValue(a.VIP.Addr().AsSlice()), f.dst)
	if a.Proto != lflow.AnyL4 {
		e.b.LearnMatchValue(ofp.U64(f.proto), ofp.Whole(ofp.IPProto))
		e.b.LearnMatchValue(ofp.U64(uint64(a.VIP.Port())), f.dstPort)
	}
	e.b.LearnLoadValue(ofp.U64(1), flag(FlagLBAffinity))
	e.b.LearnLoadValue(addressValue(a.Backend.Addr().AsSlice()), backend)
	if a.Proto != lflow.AnyL4 {
		e.b.LearnLoadValue(ofp.U64(uint64(a.Backend.Port())), ofp.Sub(ofp.Reg2, 0, 16))
	}
	e.b.End(m)
}

// addressValue returns an address of 4 or 16 bytes as a number.
func addressValue(b []byte) ofp.U128 {
	if len(b) == 4 {
		return ofp.U64(uint64(binary.BigEndian.Uint32(b)))
	}
	return ofp.U128{Hi: binary.BigEndian.Uint64(b), Lo: binary.BigEndian.Uint64(b[8:])}
}
