package ofp

import "encoding/binary"

// Controller roles.
const (
	RoleNoChange uint32 = 0
	RoleEqual    uint32 = 1
	RoleMaster   uint32 = 2
	RoleSlave    uint32 = 3
)

// AppendRole appends a role request.
func AppendRole(b []byte, xid, role uint32, generation uint64) []byte {
	b, at := begin(b, TypeRoleRequest, xid)
	b = binary.BigEndian.AppendUint32(b, role)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint64(b, generation)
	return finish(b, at)
}

// ParseRole reads a role reply; b is what follows the header.
func ParseRole(b []byte) (role uint32, generation uint64, err error) {
	if len(b) < 16 {
		return 0, 0, errShort("role reply")
	}
	return binary.BigEndian.Uint32(b), binary.BigEndian.Uint64(b[8:]), nil
}
