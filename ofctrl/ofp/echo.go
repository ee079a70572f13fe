package ofp

// AppendEcho appends an echo request or reply; a reply carries the payload of
// the request.
func AppendEcho(b []byte, t Type, xid uint32, payload []byte) []byte {
	b, at := begin(b, t, xid)
	b = append(b, payload...)
	return finish(b, at)
}
