package ofp

import (
	"bytes"
	"testing"
)

// seedMatch and seedActions exercise every branch of the printers.
func seedMatches() [][]byte {
	var out [][]byte
	for f := range NumFields {
		var b MatchBuilder
		b.SetMasked128(Field(f), Ones(128), Ones(Field(f).Bits()).Shr(1))
		out = append(out, []byte(b.Match()))
		b.Reset()
		b.Set128(Field(f), U64(1))
		out = append(out, []byte(b.Match()))
	}
	return append(out, []byte("\xff\xff\x54\x06\x4f\x4e\x46\x00\x00\x12"))
}

func seedActions() [][]byte {
	var b ActionBuilder
	var out [][]byte
	one := func(fn func()) {
		b.Reset()
		fn()
		out = append(out, bytes.Clone(b.Bytes()))
	}
	reg := Sub(Reg(0), 3, 4)
	one(func() {
		b.Output(1)
		b.OutputReg(reg)
		b.Group(1)
		b.Meter(2)
		b.SetQueue(3)
		b.DecTTL()
	})
	one(func() { b.SetField(EthSrc, U64(5)); b.Load(reg, U64(1)); b.CopyField(reg, Sub(Reg(1), 0, 4)) })
	one(func() {
		m := b.BeginClone()
		c := b.BeginCT(CT{Commit: true, ZoneField: reg, Table: 3, ALG: ALGFTP})
		b.NAT(NAT{Src: true, Random: true, PortMin: 1, PortMax: 5})
		b.SetField(CTMark, U64(1))
		b.End(c)
		b.End(m)
	})
	one(func() {
		b.Controller(Controller{Userdata: []byte{1, 2}, Pause: true, MeterID: 3, MaxLen: 5, ID: 6, Reason: 2})
	})
	one(func() {
		b.Controller(Controller{ID: 4})
		b.Conjunction(1, 2, 3)
		b.Bundle([]uint32{3, 4, 5})
		b.Resubmit(4)
		b.ResubmitCT(5)
	})
	one(func() {
		b.StackPush(reg)
		b.StackPop(reg)
		b.Note([]byte("abc"))
		b.CheckPktLarger(5, Sub(Reg(0), 1, 1))
	})
	one(func() {
		b.Sample(Sample{Ingress: true})
		b.Sample(Sample{SamplingPort: 0xffff})
		b.DeleteField(TunMetadata0)
	})
	one(func() {
		m := b.BeginLearn(Learn{Limit: 5, LimitResult: Sub(Reg(0), 1, 1), DeleteLearned: true})
		b.LearnMatch(reg, reg)
		b.LearnLoadValue(U64(3), reg)
		b.LearnMatchValue(U64(0x800), Whole(EthType))
		b.LearnOutput(reg)
		b.End(m)
	})
	return out
}

// A match that can be read is canonical once it has been written.
func FuzzMatch(f *testing.F) {
	for _, s := range seedMatches() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeMatch(data)
		if err != nil {
			return
		}
		again, err := DecodeMatch([]byte(m))
		if err != nil || again != m {
			t.Errorf("%x is read as %x (%v)", m, again, err)
		}
		_ = m.String()
	})
}

func FuzzActions(f *testing.F) {
	for _, s := range seedActions() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a := Actions(data)
		_ = a.String()
		_ = a.Conjunctions()
	})
}

// FuzzMessage hands any bytes to every decoder of messages and their parts.
func FuzzMessage(f *testing.F) {
	var b ActionBuilder
	b.Output(1)
	g := GroupSpec{Type: GroupSelect, Select: "hash", Fields: []Field{IPv4Src}, Bucket: []Bucket{{Weight: 1, Actions: b.Actions()}}}
	body, _ := g.Body()
	f.Add(AppendHello(nil, 1))
	f.Add(AppendGroupMod(nil, 1, GroupCmdAdd, 5, body))
	f.Add(AppendMeterMod(nil, 1, MeterCmdAdd, 5, NewMeterBody(MeterPktps, MeterBand{1, 2})))
	f.Add(AppendTLVTableMod(nil, 1, TLVAdd, []TLVMap{{1, 2, 4, 0}}))
	f.Add(AppendResume(nil, 1, &PacketIn{Packet: []byte{1, 2, 3}, Continuation: []byte{4}}))
	f.Add(AppendBundleControl(nil, 1, 2, BundleOpen))
	f.Add([]byte("\x06\x01\x00\x10\x00\x00\x00\x05\xff\xff\x00\x02\x00\x00\x23\x20"))
	flow := append([]byte{0, 72, 0, 0, 3, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 0, 1, 0, 4, 0, 0, 0, 0)
	flow = append(flow, 0, 0, 0, 16, 0x80, 2, 8, 8, 0, 0, 0, 0, 0, 0, 0, 9)
	flow = append(flow, 0, 4, 0, 24, 0, 0, 0, 0)
	f.Add(append(flow, b.Bytes()...))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = ParseHeader(data)
		_, _ = HelloSpeaks(data)
		if e, err := ParseError(data); err == nil {
			_ = e.Error()
		}
		for _, part := range [][]byte{data, data[min(len(data), 8):], data[min(len(data), 16):]} {
			fuzzParts(part)
		}
	})
}

func fuzzParts(b []byte) {
	_, _ = ParseFeatures(b)
	_, _ = ParseConfig(b)
	_, _, _ = ParseRole(b)
	_, _, _, _ = ParseExperimenter(b)
	_, _, _ = ParseBundleControl(b)
	_, _, _, _ = ParseMultipart(b)
	_, _ = ParsePortStatus(b)
	_, _ = ParseFlowRemoved(b)
	_, _ = ParseTLVTable(b)
	if p, err := ParsePacketIn2(b); err == nil {
		_ = p.Field(Reg(3))
	}
	for r := b; len(r) > 0; {
		var d FlowDesc
		rest, err := ParseFlowDesc(r, &d)
		if err != nil {
			break
		}
		_ = Actions(d.Actions).String()
		r = rest
	}
	for r := b; len(r) > 0; {
		var u FlowUpdate
		rest, err := ParseFlowUpdate(r, &u)
		if err != nil {
			break
		}
		r = rest
	}
	for r := b; len(r) > 0; {
		_, rest, err := ParseGroupDesc(r)
		if err != nil {
			break
		}
		r = rest
	}
	for r := b; len(r) > 0; {
		_, rest, err := ParseMeterDesc(r)
		if err != nil {
			break
		}
		r = rest
	}
	for r := b; len(r) > 0; {
		_, rest, err := ParsePort(r)
		if err != nil {
			break
		}
		r = rest
	}
}
