package packet

import (
	"fmt"
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// igmp decodes IGMP of any version (RFC 2236, RFC 9776) and MLD (RFC 2710, RFC
// 9777); false if the layer is neither. A type of MLD is its icmp6.type. The
// group of a general query is 0.0.0.0 or ::.
func (d *decoder) igmp(l gopacket.Layer) bool {
	switch l := l.(type) {
	case *layers.IGMPv1or2:
		d.add("igmp.type", fmt.Sprintf("0x%02x", uint8(l.Type)))
		d.num("igmp.max_resp", tenths(l.MaxResponseTime))
		d.group("igmp", l.GroupAddress, nil)
	case *layers.IGMP:
		d.add("igmp.type", fmt.Sprintf("0x%02x", uint8(l.Type)))
		if l.Type == layers.IGMPMembershipQuery {
			d.num("igmp.max_resp", tenths(l.MaxResponseTime))
			d.group("igmp", l.GroupAddress, l.SourceAddresses)
		}
		for _, r := range l.GroupRecords {
			d.num("igmp.record", int(r.Type))
			d.group("igmp", r.MulticastAddress, r.SourceAddresses)
		}
	case *layers.MLDv1MulticastListenerQueryMessage:
		d.num("mld.max_resp", int(l.MaximumResponseDelay.Milliseconds()))
		d.group("mld", l.MulticastAddress, nil)
	case *layers.MLDv1MulticastListenerReportMessage:
		d.group("mld", l.MulticastAddress, nil)
	case *layers.MLDv1MulticastListenerDoneMessage:
		d.group("mld", l.MulticastAddress, nil)
	case *layers.MLDv2MulticastListenerQueryMessage:
		d.num("mld.max_resp", int(l.MaximumResponseCode))
		d.group("mld", l.MulticastAddress, l.SourceAddresses)
	case *layers.MLDv2MulticastListenerReportMessage:
		for _, r := range l.MulticastAddressRecords {
			d.num("mld.record", int(r.RecordType))
			d.group("mld", r.MulticastAddress, r.SourceAddresses)
		}
	default:
		return false
	}
	d.rest = nil
	return true
}

func (d *decoder) group(protocol string, group net.IP, sources []net.IP) {
	d.add(protocol+".group", group.String())
	for _, s := range sources {
		d.add(protocol+".source", s.String())
	}
}

// tenths is IGMP's unit of time.
func tenths(t time.Duration) int { return int(t / (100 * time.Millisecond)) }
