package sb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/weft-sdn/weft/schema"
)

// Units of flows lie in buckets, below the datapath or group that owns them:
// flows/<owner>/<bucket>. The name of a bucket is "+" and the bits with which the
// hashes of its units' names begin: "+", "+0", "+1", "+00". Which buckets there are
// is northd's to say; whoever reads takes a unit out of the bucket in which it
// finds it. Up to form 2 each unit was a key of its own, flows/<owner>/<unit>; no
// unit's name begins with "+".

// Unit is one unit of flows in a bucket.
type Unit struct {
	Name  string
	Chunk []byte // its flows
}

// WideUnit is the name of a unit whose flows say themselves on which datapaths they
// hold: on a datapath of the group wide that is not one of the owner's they do
// nothing. So they may be made once for all of that group. Without a group it is the
// name alone.
func WideUnit(name string, wide schema.UUID) string {
	if wide.IsZero() {
		return name
	}
	return wide.String() + "@" + name
}

// WideGroup is the group with which WideUnit made the name, zero without one.
func WideGroup(name string) schema.UUID {
	const length = 36 // of a UUID
	if len(name) <= length || name[length] != '@' {
		return schema.UUID{}
	}
	id, _ := schema.ParseUUID(name[:length])
	return id
}

// HashUnit is the hash by which a unit has its bucket, the first bit the highest.
func HashUnit(name string) uint64 { return xxhash.Sum64String(name) }

// BucketPath is the path below Prefix of the bucket of an owner's units whose
// hashes begin as hash does in its first bits.
func BucketPath(owner schema.UUID, hash uint64, bits int) string {
	var b strings.Builder
	b.WriteString(FlowsPath)
	b.WriteString(owner.String())
	b.WriteString("/+")
	for i := range bits {
		b.WriteByte('0' + byte(hash>>(63-i)&1))
	}
	return b.String()
}

// inBucket tells whether a unit of that hash belongs into a bucket of that name.
func inBucket(name string, hash uint64) bool {
	for i, bit := range []byte(name[1:]) {
		if i > 63 || bit != '0'+byte(hash>>(63-i)&1) {
			return false
		}
	}
	return true
}

// The first byte of a bucket says how it holds units. Of each there is the uvarint
// length and the bytes of its name, then of its chunk: apart as they are, or all in
// one zstd frame. In that, a UUID at the end of a name is a zero byte and its 16
// bytes, which the flows' hints repeat, and chunks are bare.
const (
	unitsApart    byte = 1 // each chunk compressed by itself: forms 3 and 4
	unitsTogether byte = 2
)

// EncodeUnits is the value of a bucket.
//
// Hot path: 2 µs for a unit of a port. BenchmarkEncodeUnits.
func EncodeUnits(units []Unit) []byte {
	m := memories.Get().(*memory)
	defer m.release()
	b, chunk := m.b[:0], m.chunk[:0]
	for i := range units {
		b = appendName(b, units[i].Name)
		chunk = appendBare(chunk[:0], units[i].Chunk)
		b = append(binary.AppendUvarint(b, uint64(len(chunk))), chunk...)
	}
	m.b, m.chunk = b, chunk
	m.frame = encoder().EncodeAll(b, append(m.frame[:0], unitsTogether))
	return bytes.Clone(m.frame)
}

// memory is what coding buckets takes and gives back.
type memory struct{ b, chunk, frame, name []byte }

var memories = sync.Pool{New: func() any { return new(memory) }}

func (m *memory) release() {
	if cap(m.b)+cap(m.chunk)+cap(m.frame)+cap(m.name) <= maxEncoding {
		memories.Put(m)
	}
}

// uuidText is the length of a UUID's text.
const uuidText = 36

func appendName(b []byte, name string) []byte {
	if at := len(name) - uuidText; at >= 0 {
		if id, err := schema.ParseUUID(name[at:]); err == nil && string(id.Append(b)[len(b):]) == name[at:] {
			b = append(binary.AppendUvarint(b, uint64(at+1+len(id))), name[:at]...)
			return append(append(b, 0), id[:]...)
		}
	}
	return append(binary.AppendUvarint(b, uint64(len(name))), name...)
}

// appendFull undoes what appendName did; it appends nothing for what that never
// gives.
func appendFull(b, name []byte) []byte {
	switch at := bytes.IndexByte(name, 0); at {
	case -1:
		return append(b, name...)
	case len(name) - 1 - len(schema.UUID{}):
		return schema.UUID(name[at+1:]).Append(append(b, name[:at]...))
	}
	return b
}

// EachUnit calls f with each unit that lies at a place below an owner: those of a
// bucket, or the one that, in an older form, lies there by itself. The chunk is good
// for that call only. It never panics, and refuses what is longer than MaxChunk when
// decompressed. Where it returns an error, f was not called.
func EachUnit(place string, value []byte, f func(name string, chunk []byte)) error {
	if !strings.HasPrefix(place, "+") {
		f(place, value)
		return nil
	}
	m := memories.Get().(*memory)
	defer m.release()
	r := unitReader{bucket: place, name: m.name[:0]}
	switch {
	case len(value) > 0 && value[0] == unitsApart:
		value = value[1:]
	case len(value) > 0 && value[0] == unitsTogether:
		var err error
		if m.b, err = decoder().DecodeAll(value[1:], m.b[:0]); err != nil {
			return fmt.Errorf("bucket %q: %w", place, err)
		}
		value, r.together = m.b, true
	default:
		return fmt.Errorf("bucket %q is of a version that is not known: %.8x", place, value)
	}
	for _, f := range []func(name, chunk []byte){func(_, _ []byte) {}, func(name, chunk []byte) { f(string(name), chunk) }} {
		if err := r.each(value, f); err != nil {
			return fmt.Errorf("bucket %q: %w", place, err)
		}
	}
	m.name = r.name
	return nil
}

// unitReader takes a bucket apart.
type unitReader struct {
	bucket   string
	together bool
	name     []byte // of the unit that is looked at
}

func (r *unitReader) each(rest []byte, f func(name, chunk []byte)) error {
	for len(rest) > 0 {
		text, chunk, ok := []byte(nil), []byte(nil), false
		if text, rest, ok = cut(rest); ok {
			chunk, rest, ok = cut(rest)
		}
		if !ok {
			return errCut
		}
		if r.name = r.name[:0]; r.together {
			r.name = appendFull(r.name, text)
		} else {
			r.name = append(r.name, text...)
		}
		switch {
		case len(r.name) == 0 || r.name[0] == '+' || bytes.IndexByte(r.name, '/') >= 0:
			return fmt.Errorf("%.100q is not the name of a unit", text)
		case !inBucket(r.bucket, xxhash.Sum64(r.name)):
			return fmt.Errorf("unit %.100q does not belong into it", r.name)
		}
		f(r.name, chunk)
	}
	return nil
}

var errCut = errors.New("it ends too early")

// cut takes a string with its length before it off b.
func cut(b []byte) (s, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	return b[used : used+int(n) : used+int(n)], b[used+int(n):], true
}
