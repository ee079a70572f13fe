package ofp

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// GroupAny is the group number that stands for none in a filter; GroupAll for
// all in a delete.
const (
	GroupAny uint32 = 0xffffffff
	GroupAll uint32 = 0xfffffffc
)

// MaxBucketID is the greatest number of a bucket.
const MaxBucketID uint32 = 0xffffff00

// Group types.
const (
	GroupAllBuckets   uint8 = 0
	GroupSelect       uint8 = 1
	GroupIndirect     uint8 = 2
	GroupFastFailover uint8 = 3
)

// Group commands.
const (
	GroupCmdAdd          uint16 = 0
	GroupCmdModify       uint16 = 1
	GroupCmdDelete       uint16 = 2
	GroupCmdInsertBucket uint16 = 3
	GroupCmdRemoveBucket uint16 = 5
)

const (
	bucketAll     = 0xffffffff
	bucketLast    = 0xfffffffe
	expNetronome  = 0x0000154d
	propWeight    = 0
	propWatchPort = 1
)

// GroupBody is what a group does, without its number: type, buckets and
// selection, in the form in which Open vSwitch reports it. The empty body is no
// group. Layout: type (1 byte), 0, length of the buckets (2 bytes), buckets,
// properties. The buckets of a select group are in the order of their numbers,
// since it has no other; see buckets.go.
type GroupBody string

// Bucket is one way for a packet through a group.
type Bucket struct {
	ID        uint32
	Weight    uint16 // select groups
	WatchPort uint32 // 0: none
	Actions   Actions
}

// GroupSpec is a group in its parts.
type GroupSpec struct {
	Type   uint8
	Select string  // selection method of a select group: "", "hash", "dp_hash"
	Param  uint64  // of the selection method
	Fields []Field // hashed over by method "hash"
	Bucket []Bucket
}

// maxBody bounds what is in a body, so that it fits a message.
const maxBody = MaxMessage - 256

// Body encodes a group.
func (g *GroupSpec) Body() (GroupBody, error) {
	buckets := g.Bucket
	if g.Type == GroupSelect {
		buckets = slices.SortedStableFunc(slices.Values(buckets), func(a, b Bucket) int { return cmp.Compare(a.ID, b.ID) })
	}
	b := []byte{g.Type, 0, 0, 0}
	for i := range buckets {
		b = appendBucket(b, &buckets[i], g.Type)
	}
	n := len(b) - 4
	if n > maxBody {
		return "", fmt.Errorf("ofp: group with %d bytes of buckets is too large", n)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	if g.Select != "" {
		b = appendSelection(b, g)
	}
	return GroupBody(b), nil
}

func appendBucket(b []byte, k *Bucket, typ uint8) []byte {
	at := len(b)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.Actions)))
	b = binary.BigEndian.AppendUint32(b, k.ID)
	b = append(b, k.Actions...)
	if typ == GroupSelect {
		b = append(b, 0, propWeight, 0, 8)
		b = binary.BigEndian.AppendUint16(b, k.Weight)
		b = append(b, 0, 0)
	}
	if k.WatchPort != 0 {
		b = append(b, 0, propWatchPort, 0, 8)
		b = binary.BigEndian.AppendUint32(b, k.WatchPort)
	}
	binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at))
	return b
}

// appendSelection appends the property that says how a bucket is selected.
func appendSelection(b []byte, g *GroupSpec) []byte {
	at := len(b)
	b = append(b, 0xff, 0xff, 0, 0)
	b = binary.BigEndian.AppendUint32(b, expNetronome)
	b = binary.BigEndian.AppendUint32(b, 1) // NTRT_SELECTION_METHOD
	b = append(b, 0, 0, 0, 0)
	var name [16]byte
	copy(name[:15], g.Select)
	b = append(b, name[:]...)
	b = binary.BigEndian.AppendUint64(b, g.Param)
	for _, f := range g.Fields {
		n := int(f.info().bytes)
		b = f.appendHeader(b, false, n)
		b = appendUint(b, f.full(), n)
	}
	n := len(b) - at
	binary.BigEndian.PutUint16(b[at+2:], uint16(n))
	return appendZeros(b, -n&7)
}

// AppendGroupMod appends a group mod that adds or changes a whole group, or
// deletes one (with an empty body).
func AppendGroupMod(b []byte, xid uint32, command uint16, id uint32, body GroupBody) []byte {
	b, at := begin(b, TypeGroupMod, xid)
	b = binary.BigEndian.AppendUint16(b, command)
	if len(body) < 4 {
		body = "\x00\x00\x00\x00"
	}
	b = append(b, body[0], 0)
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, body[2:4]...)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, bucketAll)
	b = append(b, body[4:]...)
	return finish(b, at)
}

// AppendInsertBuckets appends a group mod that adds the buckets of a body after
// the last.
func AppendInsertBuckets(b []byte, xid, id uint32, buckets GroupBody) []byte {
	b, at := begin(b, TypeGroupMod, xid)
	b = binary.BigEndian.AppendUint16(b, GroupCmdInsertBucket)
	b = append(b, buckets[0], 0)
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, buckets[2:4]...)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, bucketLast)
	b = append(b, buckets[4:]...)
	return finish(b, at)
}

// AppendRemoveBucket appends a group mod that removes one bucket.
func AppendRemoveBucket(b []byte, xid, id uint32, typ uint8, bucket uint32) []byte {
	b, at := begin(b, TypeGroupMod, xid)
	b = binary.BigEndian.AppendUint16(b, GroupCmdRemoveBucket)
	b = append(b, typ, 0)
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, bucket)
	return finish(b, at)
}

// GroupDesc is one group of a switch.
type GroupDesc struct {
	ID   uint32
	Body GroupBody
}

// ParseGroupDesc takes one group off the body of a group desc reply.
func ParseGroupDesc(b []byte) (g GroupDesc, rest []byte, err error) {
	if len(b) < 16 {
		return g, nil, errShort("group desc")
	}
	n, nb := int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[8:]))
	if n < 16 || n > len(b) || nb > n-16 {
		return g, nil, errLength("group desc", n, len(b))
	}
	g.ID = binary.BigEndian.Uint32(b[4:])
	body := make([]byte, 0, n-12)
	body = append(body, b[2], 0, b[8], b[9])
	g.Body = GroupBody(append(body, b[16:n]...)).ordered()
	return g, b[n:], nil
}
