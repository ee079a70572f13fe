package ofctrl

import (
	"encoding/binary"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Flows is a list of flows that is kept: each is written down as what differs
// from the one before it, so that a flow like its neighbours takes some twenty
// bytes rather than 250. The zero value has no flows. Two lists are equal where
// their flows are.
//
// The number of flows (uvarint) is followed by where each block of flowBlock
// flows begins but the first (4 bytes each, counted from where the first does)
// and by the flows. A flow is a byte that says what is as before (sameTable,
// …), what is not (table, priority and cookie as uvarints), and what becomes of
// the match and of the actions before it: uvarint bytes that stay in front,
// uvarint bytes that stay behind, uvarint length of what stands between, and
// that. Before the first flow of a block there is the zero Flow.
type Flows string

// flowBlock is 8: with 16 a flow takes 10 bytes less and twice as long to find.
const flowBlock = 8

const (
	sameTable = 1 << iota
	samePriority
	sameCookie
)

// Pack makes a list of flows.
func Pack(flows []Flow) Flows {
	if len(flows) == 0 {
		return ""
	}
	var starts, body []byte
	var before Flow
	for i := range flows {
		if i%flowBlock == 0 {
			before = Flow{}
			if i > 0 {
				starts = binary.BigEndian.AppendUint32(starts, uint32(len(body)))
			}
		}
		body = appendFlow(body, &before, &flows[i])
		before = flows[i]
	}
	all := make([]byte, 0, binary.MaxVarintLen32+len(starts)+len(body))
	all = binary.AppendUvarint(all, uint64(len(flows)))
	all = append(all, starts...)
	return Flows(append(all, body...))
}

func appendFlow(b []byte, before, f *Flow) []byte {
	at := len(b)
	b = append(b, 0)
	number := func(same byte, old, v uint64) {
		if v == old {
			b[at] |= same
		} else {
			b = binary.AppendUvarint(b, v)
		}
	}
	number(sameTable, uint64(before.Table), uint64(f.Table))
	number(samePriority, uint64(before.Priority), uint64(f.Priority))
	number(sameCookie, before.Cookie, f.Cookie)
	b = appendPatch(b, string(before.Match), string(f.Match))
	return appendPatch(b, string(before.Actions), string(f.Actions))
}

// appendPatch appends what makes s of before.
func appendPatch(b []byte, before, s string) []byte {
	n := min(len(before), len(s))
	front := 0
	for front < n && before[front] == s[front] {
		front++
	}
	back := 0
	for back < n-front && before[len(before)-1-back] == s[len(s)-1-back] {
		back++
	}
	b = binary.AppendUvarint(b, uint64(front))
	b = binary.AppendUvarint(b, uint64(back))
	b = binary.AppendUvarint(b, uint64(len(s)-front-back))
	return append(b, s[front:len(s)-back]...)
}

// Len is the number of flows.
func (f Flows) Len() int {
	if f == "" {
		return 0
	}
	r := flowReader{rest: string(f)}
	return int(r.uvarint())
}

// At is the flow at a place, from 0.
func (f Flows) At(i int) Flow {
	var match, actions [128]byte // as long as most are
	r := f.read(i / flowBlock)
	r.match, r.actions = match[:0], actions[:0]
	for range i%flowBlock + 1 {
		r.next()
	}
	return r.flow()
}

// List is all of the flows.
func (f Flows) List() []Flow {
	flows := make([]Flow, f.Len())
	if len(flows) == 0 {
		return nil
	}
	r := f.read(0)
	for i := range flows {
		if i%flowBlock == 0 {
			r.reset()
		}
		r.next()
		flows[i] = r.flow()
		if i > 0 && flows[i].Actions == flows[i-1].Actions {
			flows[i].Actions = flows[i-1].Actions // one string for both
		}
	}
	return flows
}

// read reads from the beginning of a block on.
func (f Flows) read(block int) flowReader {
	r := flowReader{rest: string(f)}
	blocks := (int(r.uvarint()) + flowBlock - 1) / flowBlock
	starts := r.rest[:4*(blocks-1)]
	r.rest = r.rest[len(starts):]
	if block > 0 {
		r.rest = r.rest[binary.BigEndian.Uint32([]byte(starts[4*(block-1):])):]
	}
	return r
}

// flowReader reads flows one after the other.
type flowReader struct {
	rest            string
	table, priority uint64
	cookie          uint64
	match, actions  []byte
}

func (r *flowReader) reset() {
	*r = flowReader{rest: r.rest, match: r.match[:0], actions: r.actions[:0]}
}

func (r *flowReader) uvarint() (v uint64) {
	for shift := 0; ; shift += 7 {
		b := r.rest[0]
		r.rest = r.rest[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func (r *flowReader) next() {
	same := r.rest[0]
	r.rest = r.rest[1:]
	if same&sameTable == 0 {
		r.table = r.uvarint()
	}
	if same&samePriority == 0 {
		r.priority = r.uvarint()
	}
	if same&sameCookie == 0 {
		r.cookie = r.uvarint()
	}
	r.match = r.patch(r.match)
	r.actions = r.patch(r.actions)
}

// patch makes of b what comes next.
func (r *flowReader) patch(b []byte) []byte {
	front, back, n := int(r.uvarint()), int(r.uvarint()), int(r.uvarint())
	from, to := len(b)-back, front+n // where the back stands, and where it goes
	for len(b) < to+back {
		b = append(b, 0)
	}
	copy(b[to:to+back], b[from:from+back])
	copy(b[front:], r.rest[:n])
	r.rest = r.rest[n:]
	return b[:to+back]
}

// flow is the flow that was read last.
func (r *flowReader) flow() Flow {
	return Flow{uint8(r.table), uint16(r.priority), r.cookie, ofp.Match(r.match), ofp.Actions(r.actions)}
}
