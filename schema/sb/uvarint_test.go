package sb

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// TestUvarint: numbers are read as encoding/binary reads them.
func TestUvarint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte{0x80, 0x81, 0xff}), 0, 11).Draw(t, "more")
		text = append(text, rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 0x7f}), 0, 2).Draw(t, "last")...)
		r := chunkReader{rest: string(text)}
		v := r.uvarint()
		want, n := binary.Uvarint(text)
		if r.bad != (n <= 0) || n > 0 && (v != want || r.rest != string(text[n:])) {
			t.Fatalf("%x: %d, bad %v, rest %x; want %d of %d bytes", text, v, r.bad, r.rest, want, n)
		}
	})
}
