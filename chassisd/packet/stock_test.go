package packet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/internal/packettest"
)

// otherThanStock are the packets that are answered otherwise than by stock
// ovn-controller, and why.
func otherThanStock() map[string]string {
	return map[string]string{
		"tcp4 syn data":       "acknowledges the data",
		"tcp4 ack data":       "has the sequence number that was acknowledged, RFC 9293",
		"tcp6 ack":            "has the sequence number that was acknowledged, RFC 9293",
		"udp6 hopopts":        "is UDP in spite of the option: port unreachable",
		"udp6 first fragment": "is UDP in spite of the fragment header: port unreachable",
		"udp4 later fragment": "is not answered, RFC 1122",
		"udp6 later fragment": "is not answered, RFC 4443",
		"igmp4":               "is not answered: to a group, RFC 1122",
		"broadcast udp4":      "is not answered: to all, RFC 1122",
		"nd ns":               "was not rejected",
		"nd na":               "was not rejected",
		"mld report":          "was not rejected",
		"arp request":         "was not rejected",
		"arp reply":           "was not rejected",
		"other type":          "was not rejected",
	}
}

// reject answers as the action does.
func reject(frame []byte) []byte {
	d, ok := ParseDatagram(frame)
	if !ok || !d.MayRefuse(false) {
		return nil
	}
	back := Answer{Back: true}
	var b []byte
	switch d.Proto {
	case ProtoTCP:
		b, _ = d.Reset(nil, back)
	case ProtoSCTP:
		b, _ = d.Abort(nil, back)
	default:
		if !d.IsICMPError() {
			b = d.Unreachable(nil, back, true)
		}
	}
	return b
}

func TestStock(t *testing.T) {
	for _, s := range packettest.Stock(t) {
		got := reject(s.Sent)
		same := bytes.Equal(got, s.Answered)
		if why, other := otherThanStock()[s.Name]; other && same && s.Answered != nil {
			t.Errorf("%s: is answered as by stock, but %s", s.Name, why)
		} else if !other && !same {
			t.Errorf("%s: %x, answered with\n%x, stock:\n%x", s.Name, s.Sent, got, s.Answered)
		}
		if _, flow, ok := strings.Cut(s.Log, "-lport: "); ok && Flow(s.Sent) != flow {
			t.Errorf("%s: described as\n%s, stock:\n%s", s.Name, Flow(s.Sent), flow)
		}
	}
}
