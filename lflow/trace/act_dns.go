package trace

import (
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// Question is what a DNS query asks for.
type Question struct {
	Name string
	Type string // A, AAAA, PTR or ANY; A where it is empty
}

// AddDNS adds a name to the DNS records of a datapath: addresses, or for a
// name in in-addr.arpa or ip6.arpa a domain name, separated by spaces.
func (d *Datapath) AddDNS(name, answers string) {
	put(&d.dns, strings.ToLower(name), strings.Fields(strings.ReplaceAll(answers, ",", " ")))
}

// answered tells whether the records of a datapath have an answer.
func (d *Datapath) answered(q Question) bool {
	for _, answer := range d.dns[strings.ToLower(strings.TrimSuffix(q.Name, "."))] {
		a, err := netip.ParseAddr(answer)
		switch q.Type {
		case "", "A":
			if err == nil && a.Is4() {
				return true
			}
		case "AAAA":
			if err == nil && a.Is6() {
				return true
			}
		case "PTR":
			if err != nil {
				return true
			}
		case "ANY":
			return true
		}
	}
	return false
}

// dnsLookup: the reply has the headers of the query; it is for later actions
// to turn them round.
func (x *exec) dnsLookup(a lflow.DNSLookup) {
	q := x.opts.DNS
	found := q.Name != "" && x.dp.answered(q)
	x.p.set(a.Dst, bit(found))
	switch {
	case q.Name == "":
		x.super.add(Action, "/* The question is not known, so there is no answer. */")
	case found:
		x.super.addf(Action, "/* There are records of %s. */", q.Name)
	default:
		x.super.addf(Action, "/* There are no records of %s. */", q.Name)
	}
}
