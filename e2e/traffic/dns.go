package traffic

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/weft-sdn/weft/e2e/netns"
	"github.com/weft-sdn/weft/e2e/packet"
)

// Record is one record of a DNS answer.
type Record struct{ Name, Type, Value string }

// DNS asks a server for the records of a name, once, over UDP. The code is that
// of RFC 1035 in small letters: noerror, nxdomain, ….
func DNS(ns string, server netip.AddrPort, name, kind string, deadline time.Duration) (code string, records []Record, err error) {
	t, ok := dns.StringToType[strings.ToUpper(kind)]
	if !ok {
		return "", nil, fmt.Errorf("traffic: dns: there are no records of type %q", kind)
	}
	var q dns.Msg
	q.SetQuestion(dns.Fqdn(name), t)
	var answer *dns.Msg
	var asked error
	err = netns.Within(ns, func() error {
		c, err := (&net.Dialer{Timeout: deadline}).Dial("udp", server.String())
		if err != nil {
			return fmt.Errorf("traffic: dns: %w", err)
		}
		defer c.Close()
		client := dns.Client{Timeout: deadline}
		answer, _, asked = client.ExchangeWithConn(&q, &dns.Conn{Conn: c})
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if asked != nil {
		return "", nil, fmt.Errorf("dns: %w: %w", ErrNoAnswer, asked)
	}
	for _, rr := range answer.Answer {
		records = append(records, Record{strings.TrimSuffix(rr.Header().Name, "."), dns.TypeToString[rr.Header().Rrtype], packet.RData(rr)})
	}
	return strings.ToLower(dns.RcodeToString[answer.Rcode]), records, nil
}
