package ofctrl

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// frame makes a message of any body.
func frame(typ ofp.Type, xid uint32, body ...byte) []byte {
	b := ofp.AppendEmpty(nil, typ, xid)
	b = append(b, body...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// multipart makes a multipart reply of any body.
func multipart(typ uint16, xid uint32, body ...byte) []byte {
	head := binary.BigEndian.AppendUint16(nil, typ)
	return frame(ofp.TypeMultipartReply, xid, append(append(head, make([]byte, 6)...), body...)...)
}

// A switch that answers with a malformed message is given up with the reason,
// whatever is wrong with it, and the next connection is a new beginning.
func TestMalformedAnswers(t *testing.T) {
	flow := append([]byte{0, 48, 0, 0, 3, 0, 0, 9}, make([]byte, 40)...)
	cut := func(b []byte, at int, v ...byte) []byte {
		c := append([]byte(nil), b...)
		copy(c[at:], v)
		return c
	}
	flow = cut(flow, 24, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4)
	for _, tc := range []struct {
		name   string
		answer func(xid uint32) []byte
		reason string
	}{
		{"multipart without its header", func(x uint32) []byte { return frame(ofp.TypeMultipartReply, x, 0, 1) }, "truncated multipart reply"},
		{"flow of length 0", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, cut(flow, 0, 0, 0)...) }, "flow desc"},
		{"flow longer than the message", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, cut(flow, 0, 0xff, 0)...) }, "flow desc"},
		{"flow cut off", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, flow[:20]...) }, "truncated flow desc"},
		{"match longer than its flow", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, cut(flow, 26, 1, 0)...) }, "match"},
		{"match of another kind", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, cut(flow, 24, 0, 0)...) }, "match type"},
		{"stats longer than their flow", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, cut(flow, 34, 1, 0)...) }, "stats"},
		{"instruction of length 0", func(x uint32) []byte { return multipart(ofp.MultipartFlowDesc, x, flow...) }, "instruction"},
		{"group of length 0", func(x uint32) []byte { return multipart(ofp.MultipartGroupDesc, x, make([]byte, 16)...) }, "group desc"},
		{"group cut off", func(x uint32) []byte { return multipart(ofp.MultipartGroupDesc, x, 0, 40, 0) }, "truncated group desc"},
		{"meter of length 0", func(x uint32) []byte { return multipart(ofp.MultipartMeterDesc, x, make([]byte, 8)...) }, "meter desc"},
		{"port of length 0", func(x uint32) []byte { return multipart(ofp.MultipartPortDesc, x, make([]byte, 40)...) }, "port"},
		{"flow update of length 0", func(x uint32) []byte { return multipart(ofp.MultipartFlowMonitor, x, make([]byte, 8)...) }, "flow update"},
		{"error cut off", func(x uint32) []byte { return frame(ofp.TypeError, x, 0, 1) }, "truncated error"},
		{"experimenter's error cut off", func(x uint32) []byte { return frame(ofp.TypeError, x, 0xff, 0xff, 0, 1) }, "truncated experimenter error"},
		{"port status cut off", func(x uint32) []byte { return frame(ofp.TypePortStatus, x, make([]byte, 20)...) }, "truncated port"},
		{"length below the header", func(x uint32) []byte { return cut(frame(ofp.TypeBarrierReply, x), 2, 0, 7) }, "bad length"},
		{"another version", func(x uint32) []byte { return cut(frame(ofp.TypeBarrierReply, x), 0, 4) }, "OpenFlow version 4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var spoilt atomic.Int32
			target := fakeSwitch(t, func(nc net.Conn) {
				if spoilt.Add(1) > 4 {
					obey(nc, func() {})
					return
				}
				for {
					msg, err := readMessage(nc)
					if err != nil {
						return
					}
					h, _ := ofp.ParseHeader(msg)
					if h.Type != ofp.TypeMultipartRequest && h.Type != ofp.TypeBarrierRequest {
						continue
					}
					if h.Type == ofp.TypeBarrierRequest && h.Xid < 7 { // the set-up's
						_, _ = nc.Write(frame(ofp.TypeBarrierReply, h.Xid))
						continue
					}
					_, _ = nc.Write(tc.answer(h.Xid))
				}
			})
			var log logBuffer
			c := start(t, Config{Target: target, Log: log.logger(), BackoffMin: time.Millisecond, BackoffMax: time.Millisecond, Audit: time.Hour})
			c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(10)}}})
			waitStatus(t, c, func(s Status) bool { return s.Synced && s.Installed == 10 })
			if l := log.String(); !strings.Contains(l, tc.reason) {
				t.Errorf("want %q in the log:\n%s", tc.reason, l)
			}
		})
	}
}

// No bytes that a switch may send bring the controller down or keep it from
// the next connection.
func TestGarbage(t *testing.T) {
	const spoilt = 300
	var n atomic.Uint64
	target := fakeSwitch(t, func(nc net.Conn) {
		i := n.Add(1)
		if i > spoilt {
			obey(nc, func() {})
			return
		}
		r := rand.New(rand.NewPCG(i, 0))
		for range 20 {
			if _, err := nc.Write(garbage(r)); err != nil {
				return
			}
		}
		// Whatever it made of that, it sees no answer and no end but this.
	})
	c := start(t, Config{Target: target, Log: discard(), BackoffMin: time.Microsecond, BackoffMax: time.Millisecond, PortStatus: func(ofp.PortStatus) {}})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for p := range c.PacketIns() {
			if p == nil {
				return
			}
		}
	}()
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(10)}}})
	waitStatus(t, c, func(s Status) bool { return n.Load() > spoilt && s.Synced && s.Installed == 10 })
	c.pkt.in <- nil
	<-drained
}

// garbage makes a message: noise, or a frame of a known type with a body that
// is noise, has lengths in it that are wrong, or is whole but unexpected.
func garbage(r *rand.Rand) []byte {
	body := make([]byte, r.IntN(200))
	for i := range body {
		if r.IntN(3) > 0 { // mostly small numbers, so that lengths are plausible
			body[i] = byte(r.IntN(9))
		} else {
			body[i] = byte(r.Uint32())
		}
	}
	xid := uint32(r.IntN(12))
	switch r.IntN(8) {
	case 0:
		return body
	case 1, 2, 3:
		return multipart([]uint16{ofp.MultipartFlowDesc, ofp.MultipartGroupDesc, ofp.MultipartMeterDesc, ofp.MultipartPortDesc, ofp.MultipartFlowMonitor}[r.IntN(5)], xid, body...)
	case 4:
		nicira := []byte{0, 0, 0x23, 0x20, 0, 0, 0, byte([]uint32{ofp.NXPacketIn2, ofp.NXTLVTableReply, ofp.NXResume}[r.IntN(3)])}
		return frame(ofp.TypeExperimenter, xid, append(nicira, body...)...)
	case 5:
		return frame(ofp.TypeBarrierReply, xid)
	}
	return frame(ofp.Type(r.IntN(40)), xid, body...)
}

func ExampleRefusal() {
	r := Refusal{Kind: "group", ID: 7, Owner: "unit/x", Err: &ofp.Error{Type: 6, Code: 3}}
	fmt.Println(r.String())
	// Output: group 7 of unit/x: switch: OFPGMFC_OUT_OF_GROUPS
}
