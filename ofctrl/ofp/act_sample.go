package ofp

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
	if s.SamplingPort == 0xffff && !s.Ingress && !s.Egress {
		b.nicira(nxSample, 24)
	} else {
		b.nicira(nxSample2, 32)
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
