package nat

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// A row is two translations at most: of destinations as packets come in, of sources
// as they leave. Those are OVN's flows but for these: a distributed router looks a
// connection up once where OVN does twice, the longest logical_ip counts on every
// chassis, and what is not translated is dropped (conntrack passes on untranslated
// what finds no free port).

// Priorities of sources: longer networks first; what has a match before all of these,
// by its own priority. Behind each is room for those who are exempt.
const (
	plainSNAT   = 3   // 2 x the length of the prefix, 256 at most
	matchedSNAT = 300 // and the row's priority, 32767 at most
)

// rule is a row with what its flows share.
type rule struct {
	*model.NAT
	fam *model.Family
}

// quotedSource is the source of the packet that an ICMP error quotes.
var quotedSource = lflow.F("icmp4.inner_ip4.src")

// translate writes the flows of a row.
func (ft *feature) translate(r *incr.Reader, f *graph.Flows, n *model.NAT) {
	u := rule{n, model.FamilyOf(n.External)}
	if n.DNAT {
		u.destination(f, ft.force.ofDNAT(r, ft.m, n))
	}
	if n.SNAT {
		u.source(f)
	}
	if n.Port != "" {
		u.distributed(f, ft.m.IsBridged(r, n.Gateway))
	}
}

// add adds a flow for packets that the row is for; outside is the address of who is
// outside.
func (u rule) add(f *graph.Flows, stage string, priority uint16, outside lflow.Field, match *lflow.Expr, as ...lflow.Action) {
	text := match.String()
	if u.Allowed != "" {
		text += " && " + outside.String() + " == $" + u.Allowed
	}
	if u.Match != "" {
		text += " && (" + u.Match + ")"
	}
	f.AddText(stage, priority, text, as...)
	if u.Exempt != "" {
		f.AddText(stage, priority+1, text+" && "+outside.String()+" == $"+u.Exempt, lflow.Next{})
	}
}

// nat is the action that translates to an address.
func (u rule) nat(kind lflow.CTNATKind) lflow.CTNAT {
	a := lflow.CTNAT{Kind: kind, IP: u.External, PortMin: u.PortMin, PortMax: u.PortMax}
	if !kind.SNAT() {
		a.IP = u.Logical.Addr()
	}
	return a
}

// destination translates what is for the address outside.
func (u rule) destination(f *graph.Flows, forced bool) {
	is := lflow.Eq(u.fam.Dst, u.External)
	var then []lflow.Action
	kind := lflow.RouterDNATInCZone
	if u.Gateway == nil {
		kind = lflow.RouterDNAT
		then = append(then, pipeline.Set(pipeline.RouterLoopback)) // to another port of the network that it came from
		if forced {
			then = append(then, pipeline.Set(pipeline.ForceSNAT))
		}
	} else {
		is = lflow.And(is, u.Gateway.Comes(u.At()))
	}
	if u.Stateless {
		then = append(then, lflow.SetTo(u.fam.Dst, u.Logical.Addr()), lflow.Next{})
	} else {
		then = append(then, u.nat(kind))
	}
	u.add(f, pipeline.LRInDNAT, 100, u.fam.Src, is, then...)
	if u.ErrorsInside && !u.fam.V6 {
		// What an error tells of left with the address outside: RFC 792.
		told := lflow.And(is, lflow.Eq(lflow.ICMP4Type, 3, 11, 12))
		u.add(f, pipeline.LRInDNAT, 103, u.fam.Src, told, append([]lflow.Action{lflow.SetTo(quotedSource, u.Logical.Addr())}, then...)...)
	}
	if u.Stateless || u.Gateway == nil {
		return // a gateway router looks all packets up that leave
	}
	replies := lflow.And(isAt(u.fam.Src, u.Logical), u.Gateway.Leaves(u.At()))
	if u.inOne() {
		replies = lflow.And(replies, pipeline.Is(pipeline.ComesBack))
	}
	f.Add(pipeline.LROutUndnat, 100, replies, append(u.as(), lflow.CTNAT{Kind: lflow.RouterDNATInCZone})...)
}

// inOne tells whether all replies to what the row let in meet its translation of
// sources, which undoes that of the destination.
func (u rule) inOne() bool { return u.SNAT && u.Allowed == "" && u.Exempt == "" }

// as has packets come from the Ethernet address of a floating IP of its own.
func (u rule) as() []lflow.Action {
	if u.Port == "" {
		return nil
	}
	return []lflow.Action{lflow.SetTo(lflow.EthSrc, u.MAC)}
}

// source translates what leaves from the address or network inside.
func (u rule) source(f *graph.Flows) {
	from := isAt(u.fam.Src, u.Logical)
	priority := plainSNAT + 2*uint16(u.Logical.Bits())
	if u.Match != "" {
		priority = matchedSNAT + uint16(u.Priority)
	}
	if u.Gateway == nil {
		u.sourceOnGatewayRouter(f, priority, from)
	} else {
		from = lflow.And(from, u.Gateway.Leaves(u.At()))
		u.sourceOnGatewayPort(f, priority, from)
	}
	if !u.Stateless {
		untranslated := lflow.And(from, lflow.Or(lflow.Bool(lflow.CTNew), lflow.Bool(lflow.CTInv)), lflow.Not(lflow.Bool(lflow.CTSNAT)))
		u.add(f, pipeline.LROutPostSNAT, 50, u.fam.Dst, untranslated, lflow.Drop{})
	}
}

func (u rule) sourceOnGatewayRouter(f *graph.Flows, priority uint16, from *lflow.Expr) {
	if u.Stateless {
		u.add(f, pipeline.LROutSNAT, priority, u.fam.Dst, from, lflow.SetTo(u.fam.Src, u.External), lflow.Next{})
		return
	}
	notReply := lflow.Or(lflow.Not(lflow.Bool(lflow.CTTrk)), lflow.Not(lflow.Bool(lflow.CTRpl)))
	u.add(f, pipeline.LROutSNAT, priority, u.fam.Dst, lflow.And(from, notReply), u.nat(lflow.RouterSNAT))
}

func (u rule) sourceOnGatewayPort(f *graph.Flows, priority uint16, from *lflow.Expr) {
	if u.Stateless {
		u.add(f, pipeline.LROutSNAT, priority, u.fam.Dst, from, append(u.as(), lflow.SetTo(u.fam.Src, u.External), lflow.Next{})...)
		return
	}
	u.add(f, pipeline.LROutSNAT, priority, u.fam.Dst, lflow.And(from, pipeline.IsNot(pipeline.ComesBack)), append(u.as(), u.nat(lflow.RouterSNATInCZone))...)
	u.add(f, pipeline.LROutSNAT, priority, u.fam.Dst, lflow.And(from, pipeline.Is(pipeline.ComesBack)), append(u.as(), u.nat(lflow.RouterSNAT))...)
}

// distributed keeps a floating IP with a port and an Ethernet address of its own on the
// chassis of the port: frames for that address come in there, and what leaves does not
// take the way by the gateway chassis.
func (u rule) distributed(f *graph.Flows, bridged bool) {
	f.Add(pipeline.LRInAdmission, 50, lflow.And(lflow.Eq(lflow.EthDst, u.MAC), u.Gateway.Comes(u.Port)), lflow.Next{})
	leave := lflow.And(isAt(u.fam.Src, u.Logical), u.Gateway.Leaves(u.Port))
	_, asks := pipeline.HopRegisters(u.fam.V6)
	f.Add(pipeline.LRInGWRedirect, 100, leave, lflow.SetTo(asks, u.External), lflow.SetTo(lflow.EthSrc, u.MAC), lflow.Next{})
	if bridged {
		hop, _ := pipeline.HopRegisters(u.fam.V6)
		f.Add(pipeline.LRInARPResolve, 90, leave, lflow.GetMAC{V6: u.fam.V6, Port: lflow.Outport, IP: hop}, lflow.Next{})
	}
}
