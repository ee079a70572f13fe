package ofp

import "encoding/binary"

// Sample says which packets are sampled, and to which IPFIX collector set.
type Sample struct {
	Probability     uint16 // of 65535
	CollectorSet    uint32
	ObsDomain       uint32
	ObsPoint        uint32
	SamplingPort    uint16 // OpenFlow 1.0 port; 0xffff: none
	Ingress, Egress bool
}

// Sample sends a sample of the packet to a collector. Where no port and no
// direction are asked for it is the older form, as the switch reports it.
func (b *ActionBuilder) Sample(s Sample) {
	switch {
	case s.Ingress || s.Egress:
		b.nicira(nxSample3, 32)
	case s.SamplingPort != 0xffff:
		b.nicira(nxSample2, 32)
	default:
		b.nicira(nxSample, 24)
	}
	b.u16(s.Probability)
	b.u32(s.CollectorSet)
	b.u32(s.ObsDomain)
	b.u32(s.ObsPoint)
	if s.SamplingPort == 0xffff && !s.Ingress && !s.Egress {
		return
	}
	b.u16(s.SamplingPort)
	switch {
	case s.Ingress:
		b.u8(1)
	case s.Egress:
		b.u8(2)
	default:
		b.u8(0)
	}
	b.zeros(5)
}

func (p *printer) sample(b []byte, two bool) bool {
	if len(b) < 14 || two && len(b) < 22 {
		return false
	}
	p.str("sample(probability=")
	p.dec(uint64(binary.BigEndian.Uint16(b)))
	for i, name := range [...]string{"collector_set_id", "obs_domain_id", "obs_point_id"} {
		p.str("," + name + "=")
		p.dec(uint64(binary.BigEndian.Uint32(b[2+4*i:])))
	}
	if two {
		if port := binary.BigEndian.Uint16(b[14:]); port != 0xffff {
			p.str(",sampling_port=")
			p.dec(uint64(port))
		}
		switch b[16] {
		case 1:
			p.str(",ingress")
		case 2:
			p.str(",egress")
		}
	}
	p.char(')')
	return true
}
