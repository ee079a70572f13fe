package sb

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// MaxChunk bounds what a chunk, or a bucket of them, may be when decompressed, in
// bytes.
const MaxChunk = 64 << 20

// A chunk is a byte that says in which way it holds flows, and what EncodeFlows
// says. Readers refuse what they do not know rather than lose flows without a word.
const (
	framed byte = 1 // a zstd frame: in etcd up to form 4
	packed byte = 2 // an s2 block: in memory, half as large and made in a microsecond
	bare   byte = 3 // as it is: in a bucket, which is compressed as a whole
)

var (
	errNoChunk = errors.New("not one that this version knows")
	errLarge   = fmt.Errorf("more than %d bytes", MaxChunk)
)

// appendBody appends what is in a chunk, decompressed.
func appendBody(b, chunk []byte) ([]byte, error) {
	if len(chunk) == 0 {
		return b, errNoChunk
	}
	switch way, data := chunk[0], chunk[1:]; {
	case way == bare && len(data) <= MaxChunk:
		return append(b, data...), nil
	case way == bare:
		return b, errLarge
	case way == framed:
		return decoder().DecodeAll(data, b)
	case way == packed:
		n, err := s2.DecodedLen(data)
		if err != nil {
			return b, err
		}
		if n > MaxChunk {
			return b, errLarge
		}
		at := len(b)
		b = slices.Grow(b, n)[:at+n]
		_, err = s2.Decode(b[at:], data)
		return b, err
	}
	return b, errNoChunk
}

// AppendPacked appends a chunk as it is kept in memory. What is not bare stays as
// it is.
func AppendPacked(b, chunk []byte) []byte {
	if len(chunk) == 0 || chunk[0] != bare {
		return append(b, chunk...)
	}
	return appendPacked(b, chunk[1:])
}

func appendPacked(b, body []byte) []byte {
	if len(body) > MaxChunk { // nobody will read it
		return append(append(b, bare), body...)
	}
	b = append(b, packed)
	at, most := len(b), s2.MaxEncodedLen(len(body))
	b = slices.Grow(b, most)
	return b[:at+len(s2.Encode(b[at:at+most], body))]
}

// appendBare appends a chunk as it lies in a bucket. What is not packed stays as it
// is.
func appendBare(b, chunk []byte) []byte {
	if len(chunk) > 0 && chunk[0] == packed {
		if bare, err := appendBody(append(b, bare), chunk); err == nil {
			return bare
		}
	}
	return append(b, chunk...)
}

// ChunkSize is how long a chunk is when it is not packed, in bytes.
func ChunkSize(chunk []byte) int {
	if len(chunk) > 0 && chunk[0] == packed {
		if n, err := s2.DecodedLen(chunk[1:]); err == nil {
			return 1 + n
		}
	}
	return len(chunk)
}

// The coders are safe for concurrent use by EncodeAll and DecodeAll, each call
// of which is one goroutine's work.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		// Buckets are small: a window of 1 MiB saves memory and loses nothing. Of the
		// units of ports, what is not found before are UUIDs and numbers, which entropy
		// coding makes no smaller, at twice the time. What is chosen here is no part of
		// the form: readers take any frame.
		e, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<20), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithNoEntropyCompression(true))
		if err != nil {
			panic(err) // the options are constants
		}
		return e
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxChunk))
		if err != nil {
			panic(err)
		}
		return d
	})
)
