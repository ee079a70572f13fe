package packet

import (
	"strings"

	"github.com/miekg/dns"
)

const dnsPort = 53

// dns decodes a DNS message; false if it is none. Names are without the dot at
// the end, in the case that they have.
func (d *decoder) dns(b []byte) bool {
	var m dns.Msg
	if err := m.Unpack(b); err != nil || len(m.Question)+len(m.Answer) == 0 {
		return false
	}
	d.num("dns.id", int(m.Id))
	d.flag("dns.response", m.Response)
	d.flag("dns.aa", m.Authoritative)
	d.add("dns.rcode", strings.ToLower(dns.RcodeToString[m.Rcode]))
	for _, q := range m.Question {
		d.add("dns.qname", dnsName(q.Name))
		d.add("dns.qtype", dns.Type(q.Qtype).String())
	}
	for _, rr := range m.Answer {
		h := rr.Header()
		d.add("dns.name", dnsName(h.Name))
		d.num("dns.ttl", int(h.Ttl))
		d.add("dns."+strings.ToLower(dns.Type(h.Rrtype).String()), Payload([]byte(RData(rr))))
	}
	return true
}

// RData is the value of a DNS record: an address, a name, or what dig prints.
func RData(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.A:
		return rr.A.String()
	case *dns.AAAA:
		return rr.AAAA.String()
	case *dns.PTR:
		return dnsName(rr.Ptr)
	case *dns.CNAME:
		return dnsName(rr.Target)
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

func dnsName(s string) string {
	if s == "." {
		return s
	}
	return strings.TrimSuffix(s, ".")
}
