package ofp

import "encoding/binary"

// bundleLen is what a bundle action takes without its ports.
const bundleLen = 32

// Bundle sends the packet to the first of the ports that is live, as the switch
// itself sees it: one that has a link and on which BFD, where it is on, forwards.
// Where none is, the packet is dropped. Port numbers are those of 16 bits.
func (b *ActionBuilder) Bundle(ports []uint32) {
	m := b.mark()
	b.nicira(nxBundle, 0)
	b.u16(0)      // active_backup
	b.u16(0)      // what is hashed, eth_src, and the basis: of no meaning here
	b.u16(0)      //
	b.u32(0x0002) // NXM_OF_IN_PORT: what follows are ports
	b.u16(uint16(len(ports)))
	b.zeros(2 + 4 + 4) // the register of bundle_load
	for _, p := range ports {
		b.u16(uint16(p))
	}
	b.End(m)
}

// bundle prints what follows the subtype.
func (p *printer) bundle(b []byte) bool {
	const head = bundleLen - 10 // the header is off
	if len(b) < head {
		return false
	}
	n := int(binary.BigEndian.Uint16(b[10:]))
	if len(b) < head+2*n {
		return false
	}
	fields, alg := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b)
	if fields != 0 || alg != 0 {
		return false // others than ours
	}
	p.str("bundle(eth_src,")
	p.dec(uint64(binary.BigEndian.Uint16(b[4:])))
	p.str(",active_backup,ofport,members:")
	for i := range n {
		if i > 0 {
			p.char(',')
		}
		p.port(port32(binary.BigEndian.Uint16(b[head+2*i:])))
	}
	p.char(')')
	return true
}
