package lower

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Bits of a balanced connection's mark, or label.
const (
	ctNatted    = 1 << 1
	ctSkipSNAT  = 1 << 2
	ctForceSNAT = 1 << 3
)

// ctLB makes a group with a bucket per backend.
func (e *encoder) ctLB(a lflow.CTLB) error {
	ct := ofp.CT{Table: e.nextTable(), ZoneField: e.natZone(false)}
	if len(a.Backends) == 0 {
		m := e.b.BeginCT(ct)
		e.b.NAT(ofp.NAT{})
		e.b.End(m)
		return nil
	}
	ct.Commit = true
	note := ofp.CTMark
	if a.Kind == lflow.CTLBLabel {
		note = ofp.CTLabel
	}
	g := selectGroup(a.HashFields)
	for _, d := range a.Backends {
		if a.Kind == lflow.CTLBMarkLocal && !e.resident(d.LogicalPort) {
			continue
		}
		var b ofp.ActionBuilder
		m := b.BeginCT(ct)
		b.NAT(ofp.NAT{Dst: true, AddrMin: d.IP, PortMin: d.Port})
		setBits(&b, note, ctNatted)
		switch a.SNAT {
		case lflow.LBSNATSkip:
			setBits(&b, note, ctSkipSNAT)
		case lflow.LBSNATForce:
			setBits(&b, note, ctForceSNAT)
		}
		b.End(m)
		g.bucket(lbWeight, b.Actions())
	}
	return e.group(g)
}

// lbWeight is that of every backend.
const lbWeight = 100

func setBits(b *ofp.ActionBuilder, f ofp.Field, bits uint64) {
	b.SetFieldMasked(f, ofp.U64(bits), ofp.U64(bits))
}

// resident tells whether a port is on this chassis.
func (e *encoder) resident(port string) bool {
	e.asked = true
	return e.env.Resident != nil && e.env.Resident(port)
}

// groupSpec is a group in the making.
type groupSpec struct{ ofp.GroupSpec }

// selectGroup returns a select group without buckets. Without fields to hash
// the switch goes by its own hash of the datapath, which costs least.
func selectGroup(hashFields string) *groupSpec {
	g := &groupSpec{ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash"}}
	if hashFields != "" {
		g.Select = "hash"
		for name := range strings.SplitSeq(hashFields, ",") {
			for _, f := range hashed(name) {
				if !slices.Contains(g.Fields, f) {
					g.Fields = append(g.Fields, f)
				}
			}
		}
	}
	return g
}

func (g *groupSpec) bucket(weight uint16, as ofp.Actions) *ofp.Bucket {
	g.Bucket = append(g.Bucket, ofp.Bucket{ID: uint32(len(g.Bucket)), Weight: weight, Actions: as})
	return &g.Bucket[len(g.Bucket)-1]
}

// group sends the packet to a group. One without buckets drops it and needs
// no group at all.
func (e *encoder) group(g *groupSpec) error {
	e.asked = true
	if len(g.Bucket) == 0 {
		return nil
	}
	body, err := g.Body()
	if err != nil {
		return err
	}
	if e.env.Group == nil {
		return fmt.Errorf("lower: needs a group, but there are no groups")
	}
	e.b.Group(e.env.Group(body))
	return nil
}

// hashed returns the fields that a name of lflow.HashFields stands for. A switch
// leaves out those that a packet does not have.
func hashed(name string) []ofp.Field {
	switch name {
	case "tp_src":
		return []ofp.Field{ofp.TCPSrc, ofp.UDPSrc, ofp.SCTPSrc}
	case "tp_dst":
		return []ofp.Field{ofp.TCPDst, ofp.UDPDst, ofp.SCTPDst}
	}
	return []ofp.Field{hashField(name)}
}

// hashField returns the field that a name stands for alone.
func hashField(name string) ofp.Field {
	switch name {
	case "eth_src":
		return ofp.EthSrc
	case "eth_dst":
		return ofp.EthDst
	case "ip_src":
		return ofp.IPv4Src
	case "ip_dst":
		return ofp.IPv4Dst
	case "ipv6_src":
		return ofp.IPv6Src
	case "ipv6_dst":
		return ofp.IPv6Dst
	case "ip_proto":
		return ofp.IPProto
	case "tcp_src":
		return ofp.TCPSrc
	case "tcp_dst":
		return ofp.TCPDst
	case "udp_src":
		return ofp.UDPSrc
	case "udp_dst":
		return ofp.UDPDst
	case "sctp_src":
		return ofp.SCTPSrc
	case "sctp_dst":
		return ofp.SCTPDst
	}
	return noField
}
