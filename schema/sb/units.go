package sb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

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
	Chunk []byte // EncodeFlows of its flows
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

// inBucket tells whether a unit belongs into a bucket of that name.
func inBucket(name, unit string) bool {
	hash := HashUnit(unit)
	for i, bit := range []byte(name[1:]) {
		if i > 63 || bit != '0'+byte(hash>>(63-i)&1) {
			return false
		}
	}
	return true
}

// unitsVersion is the first byte of a bucket.
const unitsVersion = 1

// EncodeUnits is the value of a bucket: the version byte, then of each unit uvarint
// length and bytes of its name, uvarint length and bytes of its chunk.
func EncodeUnits(units []Unit) []byte {
	size := 1
	for i := range units {
		size += len(units[i].Name) + len(units[i].Chunk) + 2*binary.MaxVarintLen32
	}
	b := append(make([]byte, 0, size), unitsVersion)
	for i := range units {
		b = append(binary.AppendUvarint(b, uint64(len(units[i].Name))), units[i].Name...)
		b = append(binary.AppendUvarint(b, uint64(len(units[i].Chunk))), units[i].Chunk...)
	}
	return b
}

// EachUnit calls f with each unit that lies at a place below an owner: those of a
// bucket, or the one that, in an older form, lies there by itself. It never panics.
// Where it returns an error, f was not called.
func EachUnit(place string, value []byte, f func(name string, chunk []byte)) error {
	if !strings.HasPrefix(place, "+") {
		f(place, value)
		return nil
	}
	if err := eachUnit(place, value, func(string, []byte) {}); err != nil {
		return err
	}
	return eachUnit(place, value, f)
}

func eachUnit(bucket string, value []byte, f func(name string, chunk []byte)) error {
	if len(value) == 0 || value[0] != unitsVersion {
		return fmt.Errorf("bucket %q is of a version that is not known: %.8x", bucket, value)
	}
	for rest := value[1:]; len(rest) > 0; {
		name, chunk, ok := []byte(nil), []byte(nil), false
		if name, rest, ok = cut(rest); ok {
			chunk, rest, ok = cut(rest)
		}
		switch {
		case !ok:
			return errCut
		case len(name) == 0 || bytes.HasPrefix(name, []byte("+")) || bytes.IndexByte(name, '/') >= 0:
			return fmt.Errorf("bucket %q: %.100q is not the name of a unit", bucket, name)
		case !inBucket(bucket, string(name)):
			return fmt.Errorf("bucket %q: unit %.100q does not belong into it", bucket, name)
		}
		f(string(name), chunk)
	}
	return nil
}

var errCut = errors.New("a bucket of units ends too early")

// cut takes a string with its length before it off b.
func cut(b []byte) (s, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	return b[used : used+int(n) : used+int(n)], b[used+int(n):], true
}
