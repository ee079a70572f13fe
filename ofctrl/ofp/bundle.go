package ofp

import "encoding/binary"

// Bundle control types.
const (
	BundleOpen         uint16 = 0
	BundleOpenReply    uint16 = 1
	BundleClose        uint16 = 2
	BundleCloseReply   uint16 = 3
	BundleCommit       uint16 = 4
	BundleCommitReply  uint16 = 5
	BundleDiscard      uint16 = 6
	BundleDiscardReply uint16 = 7
)

const bundleFlags = 1 | 2 // atomic, ordered

// AppendBundleControl appends a request to open, close, commit or discard the
// bundle id. Bundles are atomic and ordered.
func AppendBundleControl(b []byte, xid, id uint32, typ uint16) []byte {
	b, at := begin(b, TypeBundleControl, xid)
	b = binary.BigEndian.AppendUint32(b, id)
	b = binary.BigEndian.AppendUint16(b, typ)
	b = binary.BigEndian.AppendUint16(b, bundleFlags)
	return finish(b, at)
}

// ParseBundleControl reads a reply to one; b is what follows the header.
func ParseBundleControl(b []byte) (id uint32, typ uint16, err error) {
	if len(b) < 8 {
		return 0, 0, errShort("bundle control")
	}
	return binary.BigEndian.Uint32(b), binary.BigEndian.Uint16(b[4:]), nil
}

// BeginBundleAdd opens a message that adds the message appended next to the
// bundle id; both must have the same xid. EndBundleAdd closes it.
func BeginBundleAdd(b []byte, xid, id uint32) ([]byte, int) {
	b, at := begin(b, TypeBundleAdd, xid)
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, 0, 0, 0, bundleFlags)
	return b, at
}

// EndBundleAdd closes what BeginBundleAdd opened at offset at.
func EndBundleAdd(b []byte, at int) []byte { return finish(b, at) }
