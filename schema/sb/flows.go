package sb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

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

// MaxChunk bounds what a chunk may be when decompressed, in bytes.
const MaxChunk = 64 << 20

// chunkVersion is the first byte of a chunk. Readers refuse what they do not
// know rather than lose flows without a word.
const chunkVersion = 1

// A chunk is the version byte and a zstd frame of:
//
//	uvarint number of strings, then each: uvarint length, bytes
//	uvarint number of flows, then each: pipeline, table, uvarint priority,
//	uvarint string numbers of match, actions, stage, source, controller
//	meter and desc, and the 16 bytes of hint
//
// Strings are numbered in the order in which flows first use them; string 0 is
// "", which is not written.

// EncodeFlows returns the flows as a chunk, in the order given. Equal flows
// give equal bytes. A unit is far smaller than MaxChunk; one that is not makes
// a chunk that nobody will read.
func EncodeFlows(flows []Flow) []byte {
	return encoder().EncodeAll(encodeBody(flows), []byte{chunkVersion})
}

func encodeBody(flows []Flow) []byte {
	numbers := map[string]uint64{"": 0}
	var texts, list []byte
	number := func(s string) uint64 {
		n, ok := numbers[s]
		if !ok {
			n = uint64(len(numbers))
			numbers[s] = n
			texts = binary.AppendUvarint(texts, uint64(len(s)))
			texts = append(texts, s...)
		}
		return n
	}
	for i := range flows {
		f := &flows[i]
		list = append(list, f.Pipeline, f.Table)
		list = binary.AppendUvarint(list, uint64(f.Priority))
		for _, s := range f.strings() {
			list = binary.AppendUvarint(list, number(*s))
		}
		list = append(list, f.Hint[:]...)
	}
	body := make([]byte, 0, len(texts)+len(list)+2*binary.MaxVarintLen64)
	body = binary.AppendUvarint(body, uint64(len(numbers)-1))
	body = append(body, texts...)
	body = binary.AppendUvarint(body, uint64(len(flows)))
	return append(body, list...)
}

// strings are the fields that a chunk holds by number, in their order.
func (f *Flow) strings() [6]*string {
	return [6]*string{&f.Match, &f.Actions, &f.Stage, &f.Source, &f.ControllerMeter, &f.Desc}
}

// DecodeFlows reads a chunk. It never panics, and refuses what is longer than
// 64 MiB when decompressed.
//
// Hot path: equal strings of a chunk are allocated once.
func DecodeFlows(chunk []byte) ([]Flow, error) {
	if len(chunk) == 0 || chunk[0] != chunkVersion {
		return nil, errors.New("sb: not a chunk of flows that this version knows")
	}
	body, err := decoder().DecodeAll(chunk[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("sb: chunk of flows: %w", err)
	}
	r := chunkReader{rest: body}
	texts := r.texts()
	flows := r.flows(texts)
	if r.bad || len(r.rest) > 0 {
		return nil, errors.New("sb: chunk of flows is damaged")
	}
	return flows, nil
}

// chunkReader takes a chunk's body apart; bad stays set once a part is.
type chunkReader struct {
	rest []byte
	bad  bool
}

func (r *chunkReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *chunkReader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
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
	texts := make([]string, 1, n+1)
	for range n {
		texts = append(texts, string(r.bytes(r.uvarint())))
	}
	return texts
}

// minFlow is the least number of bytes that a flow takes.
const minFlow = 2 + 1 + 6 + 16

func (r *chunkReader) flows(texts []string) []Flow {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)/minFlow) {
		r.bad = true
		return nil
	}
	flows := make([]Flow, n)
	for i := range flows {
		if r.flow(&flows[i], texts); r.bad {
			return nil
		}
	}
	return flows
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

// The coders are safe for concurrent use by EncodeAll and DecodeAll, each call
// of which is one goroutine's work.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		// Chunks are small: a window of 1 MiB saves memory and loses nothing.
		e, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<20))
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
