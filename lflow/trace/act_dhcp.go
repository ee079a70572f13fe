package trace

import (
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// putDHCP: the agent's reply has the headers of the request; it is for later
// actions to turn them round.
func (x *exec) putDHCP(a lflow.PutDHCP, text string) {
	if !x.answers(a.Dst) {
		return
	}
	x.super.add(Problem, "/* We assume that this packet is DHCPDISCOVER or DHCPREQUEST. */")
	x.super.add(Change, call(text))
}

// call returns what stands behind `field =' in an action.
func call(text string) string {
	_, text, _ = strings.Cut(text, " = ")
	return strings.TrimSuffix(text, ";")
}

// dhcpRelay: what the relay writes is behind the headers, but for where a
// response goes to: the client, which the DHCP header names, or everybody if
// it says so; that is assumed.
func (x *exec) dhcpRelay(a lflow.DHCPRelay) {
	if !a.Response {
		if x.answers(a.Dst) {
			x.super.add(Action, "/* Taken for a request of a DHCP client. */")
		}
		return
	}
	if x.p.is(lflow.IP4) && x.p.get(lflow.IP4Src) != a.Server.Value {
		x.p.set(a.Dst, lflow.Value{})
		x.super.add(Action, "/* Not from the DHCP server. */")
		return
	}
	if x.answers(a.Dst) {
		x.super.add(Action, "/* Taken for a response that the DHCP client wants to be broadcast. */")
		x.store(lflow.EthDst, lflow.Ones(48), lflow.EthDst)
		x.store(lflow.IP4Dst, lflow.Ones(32), lflow.IP4Dst)
	}
}

// putNDRA makes a router solicitation the advertisement.
func (x *exec) putNDRA(a lflow.PutNDRA, text string) {
	if !x.p.is(lflow.NDRS) {
		x.p.set(a.Dst, lflow.Value{})
		x.super.add(Action, "/* Not a router solicitation. */")
		return
	}
	if x.answers(a.Dst) {
		x.p.set(lflow.ICMP6Type, lflow.U(134))
		x.super.add(Change, call(text))
	}
}

// answers stores in dst whether the agent answers the packet.
func (x *exec) answers(dst lflow.Field) bool {
	x.p.set(dst, bit(!x.opts.Unanswered))
	if x.opts.Unanswered {
		x.super.add(Action, "/* No answer, as the options say. */")
	}
	return !x.opts.Unanswered
}
