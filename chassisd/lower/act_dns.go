package lower

import "github.com/weft-sdn/weft/lflow"

// DNSLookup are the arguments of OpDNSLookup.
type DNSLookup struct{ Result Bit }

func (e *encoder) dnsLookup(a lflow.DNSLookup) {
	e.controller(appendBit(appendUserdata(nil, OpDNSLookup), a.Dst), true)
}

func decodeDNSLookup(r *reader) DNSLookup { return DNSLookup{r.bit()} }
