package tables

import (
	"cmp"
	"iter"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema/sb"
)

// Balanced is a virtual address with one of its backends.
type Balanced struct {
	Proto        uint8          // IANA's number; 0 is all
	VIP, Backend netip.AddrPort // ports are 0 where Proto is
}

// Compare orders by virtual address, then by backend.
func (b Balanced) Compare(o Balanced) int {
	return cmp.Or(b.VIP.Compare(o.VIP), cmp.Compare(b.Proto, o.Proto), b.Backend.Compare(o.Backend))
}

const (
	// lbUnit begins the names of the units of northd that balance load, one for each
	// virtual address; lbFlushUnit those of load balancers with option ct_flush.
	lbUnit      = "lb-"
	lbFlushUnit = "lb-flush-"
)

// joinBalanced declares which virtual address has which backends, as flows say: whether
// its connections end when it has one no more.
func (t *Tables) joinBalanced() {
	units := incr.NewIndex(t.Chunks, "units of load balancers", func(p Path, _ string) []Path {
		if !strings.HasPrefix(p.Unit, lbUnit) {
			return nil
		}
		return one(p)
	})
	ofUnit := incr.NewTable(t.Engine, "backends of units", incr.EqSlice[[]Balanced], incr.Values(units), func(r *incr.Reader, p Path) (all []Balanced, ok bool) {
		flows, _, err := t.flowsIn(r, p)
		if err != nil {
			return nil, false
		}
		for i := range flows {
			all = append(all, backendsOf(&flows[i])...)
		}
		return all, len(all) > 0
	})
	byItself := incr.NewIndex(ofUnit, "backend", func(_ Path, all []Balanced) []Balanced { return all })
	t.Balanced = incr.NewTable(t.Engine, "backends", incr.Eq[bool], incr.Values(byItself), func(r *incr.Reader, b Balanced) (flush, ok bool) {
		for _, p := range incr.Lookup(r, byItself, b) {
			flush = flush || strings.HasPrefix(p.Unit, lbFlushUnit)
		}
		return flush, true
	}).Feed()
}

// balances begins the actions of northd that choose one of several backends.
var balances = regexp.MustCompile(`ct_lb_mark(_local)?\(backends=`)

// backendsOf reads a flow that sends what begins a connection to one of several
// backends. It is northd's, which writes it in one way.
func backendsOf(f *sb.Flow) (all []Balanced) {
	at := balances.FindStringIndex(f.Actions)
	if at == nil {
		return nil
	}
	var b Balanced
	var vip netip.Addr
	var port uint16
	for term := range strings.SplitSeq(f.Match, " && ") {
		field, value, _ := strings.Cut(term, " == ")
		switch field {
		case "ip4.dst", "ip6.dst":
			vip, _ = netip.ParseAddr(value)
		case "ct_tcp.dst", "ct_udp.dst", "sctp.dst":
			at, _ := netip.ParseAddrPort("0.0.0.0:" + value)
			port, b.Proto = at.Port(), map[string]uint8{"ct_tcp.dst": 6, "ct_udp.dst": 17, "sctp.dst": 132}[field]
		}
	}
	b.VIP = netip.AddrPortFrom(vip, port)
	for text := range backendTexts(f.Actions[at[1]:]) {
		at, err := netip.ParseAddrPort(text)
		if err != nil {
			a, _ := netip.ParseAddr(text)
			at = netip.AddrPortFrom(a, port)
		}
		if b.Backend = at; at.Addr().IsValid() && vip.IsValid() {
			all = append(all, b)
		}
	}
	return all
}

// backendTexts are the backends of a list, without the ports of switches that they are at.
func backendTexts(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			if port, err := strconv.QuotedPrefix(list); err == nil {
				list = strings.TrimPrefix(list[len(port):], ":")
			}
			end := strings.IndexAny(list, ",;)")
			if end < 0 || !yield(list[:end]) || list[end] != ',' {
				return
			}
			list = list[end+1:]
		}
	}
}
