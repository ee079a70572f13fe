package sb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/weft-sdn/weft/schema"
)

// Pipelines of a datapath.
const (
	Ingress uint8 = 0
	Egress  uint8 = 1
)

// Flow is one logical flow as it lies in a chunk below /weft/sb/flows. Which
// datapath or group it is for is in the chunk's key.
type Flow struct {
	Pipeline        uint8 // Ingress or Egress
	Table           uint8 // the stage's number in its pipeline
	Priority        uint16
	Match           string // logical-flow language, ovn-sb(5)
	Actions         string
	Stage           string      // name of the stage, for people and tests
	Source          string      // the feature that wrote it
	Hint            schema.UUID // northbound row that it is there for
	ControllerMeter string      // meter of the packets that it sends to chassisd
	Desc            string      // what it does, where that is not plain
}

// What a chunk holds, in one of the ways that chunk.go tells:
//
//	uvarint number of strings, then each: uvarint length, bytes
//	uvarint number of flows, then each: pipeline, table, uvarint priority,
//	uvarint string numbers of match, actions, stage, source, controller
//	meter and desc, and the 16 bytes of hint
//
// Strings are numbered in the order in which flows first use them; string 0 is
// "", which is not written.

// EncodeFlows returns the flows as a chunk, in the order given, packed, in memory
// of its size. Equal flows give equal bytes. A unit is far smaller than MaxChunk;
// one that is not makes a chunk that nobody will read.
//
// Hot path: one allocation; TestEncodeAllocs pins it.
func EncodeFlows(flows []Flow) []byte {
	e := encodings.Get().(*encoding)
	e.chunk = appendPacked(e.chunk[:0], e.encode(flows))
	chunk := bytes.Clone(e.chunk)
	e.release()
	return chunk
}

// encoding is the memory that encoding takes and gives back.
type encoding struct {
	numbers                  map[string]uint64
	texts, list, body, chunk []byte
}

var encodings = sync.Pool{New: func() any { return &encoding{numbers: map[string]uint64{}} }}

// maxEncoding is the most that is kept for the next chunk, in bytes.
const maxEncoding = 1 << 20

func (e *encoding) release() {
	if cap(e.texts)+cap(e.list)+cap(e.body)+cap(e.chunk) > maxEncoding {
		return
	}
	clear(e.numbers)
	encodings.Put(e)
}

func (e *encoding) encode(flows []Flow) []byte {
	e.numbers[""] = 0
	e.texts, e.list = e.texts[:0], e.list[:0]
	for i := range flows {
		f := &flows[i]
		e.list = append(e.list, f.Pipeline, f.Table)
		e.list = binary.AppendUvarint(e.list, uint64(f.Priority))
		for _, s := range f.strings() {
			e.list = binary.AppendUvarint(e.list, e.number(*s))
		}
		e.list = append(e.list, f.Hint[:]...)
	}
	e.body = binary.AppendUvarint(e.body[:0], uint64(len(e.numbers)-1))
	e.body = append(e.body, e.texts...)
	e.body = binary.AppendUvarint(e.body, uint64(len(flows)))
	e.body = append(e.body, e.list...)
	return e.body
}

// number returns the number of a string, given out where it is a new one.
func (e *encoding) number(s string) uint64 {
	n, ok := e.numbers[s]
	if !ok {
		n = uint64(len(e.numbers))
		e.numbers[s] = n
		e.texts = binary.AppendUvarint(e.texts, uint64(len(s)))
		e.texts = append(e.texts, s...)
	}
	return n
}

// strings are the fields that a chunk holds by number, in their order.
func (f *Flow) strings() [6]*string {
	return [6]*string{&f.Match, &f.Actions, &f.Stage, &f.Source, &f.ControllerMeter, &f.Desc}
}

// DecodeFlows reads a chunk. It never panics, and refuses what is longer than
// 64 MiB when decompressed.
//
// Hot path: two allocations, the flows and all strings of the chunk together.
// Who keeps one string for long should keep a copy of it.
func DecodeFlows(chunk []byte) (flows []Flow, err error) {
	err = readChunk(chunk, func(r *chunkReader, texts []string, n int) {
		flows = make([]Flow, n)
		for i := range flows {
			r.flow(&flows[i], texts)
		}
	})
	if err != nil {
		return nil, err
	}
	return flows, nil
}

// EachFlow calls f with each flow of a chunk, in order. The Flow is good for
// that call only. It is DecodeFlows for who keeps no flows; where it returns an
// error, f may have seen some.
func EachFlow(chunk []byte, f func(*Flow)) error {
	return readChunk(chunk, func(r *chunkReader, texts []string, n int) {
		var flow Flow
		for range n {
			if r.flow(&flow, texts); r.bad {
				return
			}
			f(&flow)
		}
	})
}

// readChunk opens a chunk and lets read take n flows off it.
func readChunk(chunk []byte, read func(r *chunkReader, texts []string, n int)) error {
	r, _ := readers.Get().(*chunkReader)
	if r == nil {
		r = new(chunkReader)
	}
	defer r.done()
	if err := r.open(chunk); err != nil {
		return fmt.Errorf("sb: chunk of flows: %w", err)
	}
	texts := r.texts()
	n := r.uvarint()
	if r.bad = r.bad || n > uint64(len(r.rest)/minFlow); !r.bad {
		read(r, texts, int(n))
	}
	if r.bad || r.rest != "" {
		return errors.New("sb: chunk of flows is damaged")
	}
	return nil
}

// minFlow is the least number of bytes that a flow takes.
const minFlow = 2 + 1 + 6 + 16

// readers holds chunkReaders for the next calls.
var readers sync.Pool

// chunkReader takes a chunk's body apart; bad stays set once a part is.
type chunkReader struct {
	rest string // of the body, which the strings of the flows are parts of
	bad  bool
	// What the next call can use again.
	body    []byte
	strings []string
}

// maxReader bounds the memory that a chunkReader keeps for the next call.
const maxReader = 1 << 20

func (r *chunkReader) open(chunk []byte) (err error) {
	r.body, err = appendBody(r.body[:0], chunk)
	r.rest, r.bad = string(r.body), false
	return err
}

func (r *chunkReader) done() {
	clear(r.strings)
	r.rest = ""
	if cap(r.body)+16*cap(r.strings) <= maxReader {
		readers.Put(r)
	}
}

func (r *chunkReader) uvarint() (v uint64) {
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			// The tenth byte holds the last bit.
			r.bad = r.bad || i == binary.MaxVarintLen64-1 && c > 1
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *chunkReader) bytes(n uint64) string {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *chunkReader) texts() []string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) { // each takes a byte at least
		r.bad = true
		return nil
	}
	r.strings = append(r.strings[:0], "")
	for range n {
		if r.bad {
			return nil
		}
		r.strings = append(r.strings, r.bytes(r.uvarint()))
	}
	return r.strings
}

func (r *chunkReader) flow(f *Flow, texts []string) {
	head := r.bytes(2)
	if r.bad {
		return
	}
	f.Pipeline, f.Table = head[0], head[1]
	priority := r.uvarint()
	f.Priority = uint16(priority)
	r.bad = r.bad || f.Pipeline > Egress || priority > 0xffff
	for _, s := range f.strings() {
		n := r.uvarint()
		if n >= uint64(len(texts)) {
			r.bad = true
			return
		}
		*s = texts[n]
	}
	copy(f.Hint[:], r.bytes(16))
}
