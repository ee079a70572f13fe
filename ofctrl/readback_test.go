package ofctrl

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// start runs a controller until the test ends.
func start(t testing.TB, cfg Config) *Controller {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	c := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return c
}

// discard is a log for tests that provoke warnings.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// installedGen waits until a generation is in the switch.
func installedGen(t testing.TB, c *Controller, gen int64) {
	t.Helper()
	timeout := time.After(60 * time.Second)
	for {
		select {
		case g := <-c.Installed():
			if g >= gen {
				return
			}
		case <-timeout:
			t.Fatalf("generation %d is not in the switch: %+v", gen, c.Status())
		}
	}
}

type matchSpec func(b *ofp.MatchBuilder)

func mset(f ofp.Field, v uint64) matchSpec { return func(b *ofp.MatchBuilder) { b.Set(f, v) } }
func mmask(f ofp.Field, v, m uint64) matchSpec {
	return func(b *ofp.MatchBuilder) { b.SetMasked(f, v, m) }
}
func mwide(f ofp.Field, v, m ofp.U128) matchSpec {
	return func(b *ofp.MatchBuilder) { b.SetMasked128(f, v, m) }
}

func addr6(s string) ofp.U128 {
	a := netip.MustParseAddr(s).As16()
	return ofp.U128FromBytes(a[:])
}

// sampleMatches holds at least one match for every field.
func sampleMatches() []ofp.Match {
	eth := func(t uint64) matchSpec { return mset(ofp.EthType, t) }
	ip, ip6, arp := eth(0x800), eth(0x86dd), eth(0x806)
	proto := func(p uint64) matchSpec { return mset(ofp.IPProto, p) }
	ones := ofp.Ones(128)
	all := [][]matchSpec{
		{},
		{mset(ofp.InPort, 1)}, {mset(ofp.InPort, uint64(ofp.PortLocal))}, {mset(ofp.InPort, 300)},
		{mset(ofp.ConjID, 77)}, {mset(ofp.PktMark, 5)}, {mmask(ofp.PktMark, 0x50, 0xf0)},
		{mset(ofp.RecircID, 0)}, {mset(ofp.ActsetOutput, 1)},
		{mset(ofp.TunID, 0x1234)}, {mmask(ofp.TunID, 0x1200, 0xff00)},
		{mwide(ofp.TunSrc, ofp.U64(0x0a000001), ones)}, {mmask(ofp.TunDst, 0x0a000000, 0xffffff00)},
		{mwide(ofp.TunIPv6Src, addr6("fd00::1"), ones)}, {mwide(ofp.TunIPv6Dst, addr6("fd00::"), ofp.Ones(64).Shl(64))},
		{mset(ofp.TunGBPID, 7)}, {mset(ofp.TunGBPFlags, 8)},
		{mset(ofp.TunFlags, 1)}, {mset(ofp.TunFlags, 0)},
		{mset(ofp.TunMetadata0, 0xabcd)}, {mmask(ofp.TunMetadata0, 0x10000, 0x7fff0000)},
		{mset(ofp.EthSrc, 0x020000000001)}, {mmask(ofp.EthDst, 0x010000000000, 0x010000000000)},
		{eth(0x800)}, {eth(0x86dd)}, {eth(0x806)}, {eth(0x8035)}, {eth(0x88cc)}, {eth(0x5ff)},
		{mset(ofp.VLANTCI, 0)}, {mmask(ofp.VLANTCI, 0x1000, 0x1000)}, {mmask(ofp.VLANTCI, 0, 0x1000)},
		{mmask(ofp.VLANTCI, 0x1064, 0x1fff)}, {mmask(ofp.VLANTCI, 0x3064, 0xffff)}, {mmask(ofp.VLANTCI, 0xb000, 0xf000)},
		{mmask(ofp.VLANTCI, 0x0004, 0x000f)}, {mset(ofp.VLANVID, 0x1064)}, {mset(ofp.VLANVID, 0x1064), mset(ofp.VLANPCP, 3)},
		{mset(ofp.VLANVID, 0)},
		{eth(0x8847), mset(ofp.MPLSLabel, 100), mset(ofp.MPLSTC, 3), mset(ofp.MPLSBOS, 1)}, {eth(0x8848), mset(ofp.MPLSTTL, 9)},
		{ip, mset(ofp.IPv4Src, 0x0a000001)}, {ip, mmask(ofp.IPv4Dst, 0x0a000000, 0xff000000)}, {ip, mmask(ofp.IPv4Dst, 0x600, 0x600)},
		{ip6, mwide(ofp.IPv6Src, addr6("fe80::1"), ones)}, {ip6, mwide(ofp.IPv6Dst, addr6("ff02::1:ff00:0"), ofp.Ones(104).Shl(24))},
		{ip6, mwide(ofp.IPv6Dst, ofp.U64(5), ofp.U64(7))}, {ip6, mwide(ofp.IPv6Dst, addr6("::ffff:1.2.3.4"), ones)}, {ip6, mwide(ofp.IPv6Dst, addr6("::1.2.3.4"), ones)}, {ip6, mset(ofp.IPv6Label, 5)}, {ip6, mmask(ofp.IPv6Label, 5, 15)},
		{ip, proto(1)}, {ip, proto(6)}, {ip, proto(17)}, {ip, proto(132)}, {ip, proto(2)}, {ip, proto(58)}, {ip, proto(0)}, {ip, proto(255)},
		{ip6, proto(58)}, {ip6, proto(6)}, {ip6, proto(17)}, {ip6, proto(132)}, {ip6, proto(1)}, {ip6, proto(0)},
		{ip, mset(ofp.IPTTL, 1)}, {ip, mset(ofp.IPDSCP, 46)}, {ip, mset(ofp.IPECN, 2)}, {ip, mset(ofp.IPTOS, 16)},
		{ip, mmask(ofp.IPFrag, 0, 3)}, {ip, mmask(ofp.IPFrag, 1, 3)}, {ip, mmask(ofp.IPFrag, 3, 3)},
		{ip, mmask(ofp.IPFrag, 1, 1)}, {ip, mmask(ofp.IPFrag, 0, 1)}, {ip, mmask(ofp.IPFrag, 2, 2)}, {ip6, mmask(ofp.IPFrag, 0, 2)},
		{arp, mset(ofp.ARPOp, 1)}, {arp, mset(ofp.ARPSPA, 0x0a000001), mmask(ofp.ARPTPA, 0x0a000000, 0xffffff00)},
		{arp, mset(ofp.ARPSHA, 5), mmask(ofp.ARPTHA, 0x10, 0xf0)},
		{ip, proto(6), mset(ofp.TCPSrc, 80)}, {ip6, proto(6), mmask(ofp.TCPDst, 0x50, 0xfff0)},
		{ip, proto(6), mmask(ofp.TCPFlags, 2, 2)}, {ip, proto(6), mset(ofp.TCPFlags, 0x12)}, {ip, proto(6), mset(ofp.TCPFlags, 0)}, {ip, proto(6), mmask(ofp.TCPFlags, 0x800, 0xa04)},
		{ip, proto(17), mset(ofp.UDPSrc, 53)}, {ip6, proto(17), mset(ofp.UDPDst, 546)},
		{ip, proto(132), mset(ofp.SCTPSrc, 9)}, {ip, proto(132), mset(ofp.SCTPDst, 10)},
		{ip, proto(1), mset(ofp.ICMPv4Type, 8), mset(ofp.ICMPv4Code, 0)},
		{ip6, proto(58), mset(ofp.ICMPv6Type, 128)}, {ip6, proto(58), mset(ofp.ICMPv6Type, 3), mset(ofp.ICMPv6Code, 1)},
		{ip6, proto(58), mset(ofp.ICMPv6Type, 135), mset(ofp.ICMPv6Code, 0), mwide(ofp.NDTarget, addr6("fe80::5"), ones), mset(ofp.NDSLL, 7)},
		{ip6, proto(58), mset(ofp.ICMPv6Type, 136), mset(ofp.ICMPv6Code, 0), mwide(ofp.NDTarget, ofp.U64(1), ofp.U64(1)), mmask(ofp.NDTLL, 7, 15)},
		{ip6, proto(58), mset(ofp.ICMPv6Type, 136), mset(ofp.ICMPv6Code, 0), mset(ofp.NDReserved, 0xe0000000), mset(ofp.NDOptionsType, 2)},
		{mmask(ofp.CTState, 0x21, 0x21)}, {mmask(ofp.CTState, 0x22, 0x3f)}, {mset(ofp.CTState, 0)}, {mset(ofp.CTState, 0x29)}, {mmask(ofp.CTState, 0, 0xc0)},
		{mset(ofp.CTZone, 9)}, {mset(ofp.CTMark, 1)}, {mmask(ofp.CTMark, 0, 1)},
		{mwide(ofp.CTLabel, ofp.U128{Hi: 1, Lo: 2}, ones)}, {mwide(ofp.CTLabel, ofp.U128{Hi: 1}, ofp.U128{Hi: 1})}, {mmask(ofp.CTLabel, 1, 1)},
		{mmask(ofp.CTState, 0x20, 0x30), ip, mset(ofp.CTIPv4Src, 1), mmask(ofp.CTIPv4Dst, 0x0a000000, 0xff000000), mset(ofp.CTProto, 6), mset(ofp.CTTPSrc, 5), mmask(ofp.CTTPDst, 80, 0xfff0)},
		{mmask(ofp.CTState, 0x20, 0x30), ip6, mwide(ofp.CTIPv6Src, ofp.U64(5), ones), mwide(ofp.CTIPv6Dst, ofp.U64(5), ofp.U64(15)), mset(ofp.CTProto, 17), mset(ofp.CTTPDst, 80)},
		{mset(ofp.Metadata, 5)}, {mmask(ofp.Metadata, 1<<40, 1<<40)}, {mmask(ofp.Metadata, 5, 0xffffff)},
		{mset(ofp.XReg(3), 0x100000002)}, {mwide(ofp.XXReg(1), addr6("fd00::1"), ones)}, {mwide(ofp.XXReg(0), addr6("fd00::"), ofp.Ones(16).Shl(112))},
		{mmask(ofp.Reg(10), 1, 1), mmask(ofp.Reg(10), 4, 4), mset(ofp.Metadata, 3), mset(ofp.Reg(15), 4)},
	}
	for i := range 16 {
		all = append(all, []matchSpec{mset(ofp.Reg(i), uint64(i))}, []matchSpec{mmask(ofp.Reg(i), 0, 0xf0)})
	}
	var out []ofp.Match
	for _, specs := range all {
		var b ofp.MatchBuilder
		for _, s := range specs {
			s(&b)
		}
		out = append(out, b.Match())
	}
	return out
}

func acts(fn func(b *ofp.ActionBuilder)) ofp.Actions {
	var b ofp.ActionBuilder
	fn(&b)
	return b.Actions()
}

// sampleActions holds actions of every kind, with and without prerequisites on
// the match, which is named by the protocol that is needed.
func sampleActions() map[string][]ofp.Actions {
	ip4 := func(s string) netip.Addr { return netip.MustParseAddr(s) }
	out := map[string][]ofp.Actions{}
	add := func(proto string, fn func(b *ofp.ActionBuilder)) { out[proto] = append(out[proto], acts(fn)) }
	any := func(fn func(b *ofp.ActionBuilder)) { add("", fn) }
	any(func(b *ofp.ActionBuilder) {})
	any(func(b *ofp.ActionBuilder) { b.Output(1); b.Output(ofp.PortLocal); b.Output(ofp.PortInPort) })
	any(func(b *ofp.ActionBuilder) { b.OutputReg(ofp.Whole(ofp.Reg(15))) })
	any(func(b *ofp.ActionBuilder) { b.OutputReg(ofp.Sub(ofp.Reg(0), 4, 16)) })
	for f := range ofp.NumFields {
		f := ofp.Field(f)
		switch f {
		case ofp.Metadata, ofp.EthSrc, ofp.EthDst, ofp.TunID, ofp.TunSrc, ofp.TunDst, ofp.TunIPv6Src, ofp.TunIPv6Dst, ofp.PktMark, ofp.TunGBPID, ofp.TunGBPFlags, ofp.TunMetadata0, ofp.TunFlags, ofp.VLANTCI, ofp.InPort16:
			any(func(b *ofp.ActionBuilder) { b.SetField(f, ofp.U64(1)) })
			if f != ofp.TunFlags && f != ofp.InPort16 {
				any(func(b *ofp.ActionBuilder) { b.Load(ofp.Sub(f, 3, 2), ofp.U64(2)) })
			}
		}
		if f >= ofp.Reg0 && f <= ofp.XXReg3 {
			any(func(b *ofp.ActionBuilder) { b.SetField(f, ofp.U64(uint64(f))); b.Load(ofp.Sub(f, 5, 4), ofp.U64(9)) })
			any(func(b *ofp.ActionBuilder) {
				b.SetField(f, ofp.Ones(f.Bits()))
				b.SetField(f, ofp.U128{})
				b.Load(ofp.Sub(f, 1, 1), ofp.U128{})
			})
		}
	}
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Whole(ofp.Reg(14)), ofp.Whole(ofp.Reg(15))) })
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Whole(ofp.EthSrc), ofp.Whole(ofp.EthDst)) })
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Sub(ofp.XXReg(0), 64, 32), ofp.Sub(ofp.XXReg(0), 96, 32)) })
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Sub(ofp.TunID, 0, 24), ofp.Sub(ofp.Metadata, 0, 24)) })
	any(func(b *ofp.ActionBuilder) {
		b.CopyField(ofp.Sub(ofp.TunMetadata0, 16, 15), ofp.Sub(ofp.Reg(14), 0, 15))
	})
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Sub(ofp.Reg(15), 0, 16), ofp.Sub(ofp.TunMetadata0, 0, 16)) })
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Whole(ofp.InPort16), ofp.Sub(ofp.Reg(3), 0, 16)) })
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Whole(ofp.CTMark), ofp.Whole(ofp.Reg(3))) })
	any(func(b *ofp.ActionBuilder) { b.CopyField(ofp.Sub(ofp.CTLabel, 32, 48), ofp.Whole(ofp.EthDst)) })
	any(func(b *ofp.ActionBuilder) { b.Resubmit(8); b.Resubmit(0); b.Resubmit(254) })
	add("ct", func(b *ofp.ActionBuilder) { b.ResubmitCT(9) })
	any(func(b *ofp.ActionBuilder) {
		m := b.BeginClone()
		b.SetField(ofp.Reg(15), ofp.U64(3))
		b.Resubmit(44)
		in := b.BeginClone()
		b.CTClear()
		b.Output(1)
		b.End(in)
		b.End(m)
		b.Resubmit(45)
	})
	for _, c := range []ofp.Controller{
		{}, {MaxLen: 100}, {ID: 5}, {Reason: ofp.ReasonNoMatch + 2}, {Userdata: []byte{1, 2, 3}}, {Pause: true},
		{Userdata: []byte{0, 0, 0, 1, 0, 0, 0, 0}, Pause: true, ID: 3, Reason: ofp.ReasonInvalidTTL, MaxLen: 128},
		{Userdata: []byte{1}, MeterID: 1}, {MeterID: 1},
	} {
		any(func(b *ofp.ActionBuilder) { b.Controller(c); b.Resubmit(1) })
	}
	any(func(b *ofp.ActionBuilder) {
		b.CTClear()
		b.DeleteField(ofp.TunMetadata0)
		b.Note([]byte{1, 2, 3, 4, 5, 6})
	})
	any(func(b *ofp.ActionBuilder) { b.Note([]byte("abc")); b.Note([]byte("0123456789abcdef")) })
	any(func(b *ofp.ActionBuilder) {
		b.CheckPktLarger(1500, ofp.Sub(ofp.XXReg(0), 96, 1))
		b.CheckPktLarger(1, ofp.Sub(ofp.Reg(0), 3, 1))
	})
	any(func(b *ofp.ActionBuilder) {
		b.StackPush(ofp.Whole(ofp.Reg(14)))
		b.StackPush(ofp.Sub(ofp.XXReg(0), 64, 32))
		b.StackPop(ofp.Sub(ofp.Reg(0), 0, 8))
	})
	any(func(b *ofp.ActionBuilder) { b.Group(1); b.Meter(1); b.SetQueue(3) })
	any(func(b *ofp.ActionBuilder) {
		b.PushVLAN(0x8100)
		b.SetField(ofp.VLANVID, ofp.U64(0x1064))
		b.SetField(ofp.VLANPCP, ofp.U64(3))
		b.PopVLAN()
	})
	any(func(b *ofp.ActionBuilder) {
		b.PushMPLS(0x8847)
		b.SetField(ofp.MPLSLabel, ofp.U64(77))
		b.SetField(ofp.MPLSTC, ofp.U64(7))
		b.SetField(ofp.MPLSTTL, ofp.U64(7))
		b.PopMPLS(0x800)
	})
	any(func(b *ofp.ActionBuilder) {
		b.Sample(ofp.Sample{Probability: 100, CollectorSet: 2, ObsDomain: 3, ObsPoint: 4, SamplingPort: 0xffff})
	})
	any(func(b *ofp.ActionBuilder) {
		b.Sample(ofp.Sample{Probability: 65535, CollectorSet: 2, ObsDomain: 3, ObsPoint: 4, SamplingPort: 1, Ingress: true})
	})
	any(func(b *ofp.ActionBuilder) {
		b.Sample(ofp.Sample{Probability: 65535, CollectorSet: 2, SamplingPort: 0xffff, Egress: true})
	})
	any(func(b *ofp.ActionBuilder) {
		m := b.BeginLearn(ofp.Learn{Table: 9, IdleTimeout: 20, HardTimeout: 30, DeleteLearned: true, Priority: 0x8000, Cookie: 5})
		b.LearnMatch(ofp.Whole(ofp.Metadata), ofp.Whole(ofp.Metadata))
		b.LearnMatch(ofp.Whole(ofp.EthSrc), ofp.Whole(ofp.EthDst))
		b.LearnMatchValue(ofp.U64(0x800), ofp.Whole(ofp.EthType))
		b.LearnLoadValue(ofp.U64(1), ofp.Sub(ofp.Reg(10), 13, 1))
		b.LearnLoad(ofp.Whole(ofp.Reg(14)), ofp.Whole(ofp.Reg(15)))
		b.LearnOutput(ofp.Whole(ofp.Reg(14)))
		b.End(m)
	})
	any(func(b *ofp.ActionBuilder) {
		m := b.BeginLearn(ofp.Learn{Table: 9, Priority: 100, Limit: 10, LimitResult: ofp.Sub(ofp.Reg(0), 1, 1)})
		b.LearnMatch(ofp.Whole(ofp.EthSrc), ofp.Whole(ofp.EthDst))
		b.End(m)
	})
	any(func(b *ofp.ActionBuilder) {
		m := b.BeginLearn(ofp.Learn{Table: 9, Priority: 100, Limit: 10, FinIdleTimeout: 3, FinHardTimeout: 4})
		b.End(m)
	})
	add("bundle", func(b *ofp.ActionBuilder) { b.Bundle([]uint32{7}); b.Bundle([]uint32{9, 7, 8, 6, 5}) })
	add("conj", func(b *ofp.ActionBuilder) { b.Conjunction(5, 0, 2); b.Conjunction(6, 2, 3) })
	ip := func(fn func(b *ofp.ActionBuilder)) { add("ip", fn) }
	ip(func(b *ofp.ActionBuilder) {
		b.DecTTL()
		b.SetField(ofp.IPTTL, ofp.U64(64))
		b.SetField(ofp.IPDSCP, ofp.U64(10))
		b.SetField(ofp.IPECN, ofp.U64(1))
	})
	ip(func(b *ofp.ActionBuilder) {
		b.SetField(ofp.IPv4Src, ofp.U64(0x0a000001))
		b.Load(ofp.Sub(ofp.IPv4Dst, 0, 8), ofp.U64(9))
	})
	for _, c := range []ofp.CT{
		{Table: 9}, {Table: ofp.NoTable, Commit: true}, {Table: 10, Zone: 5}, {Table: 10, ZoneField: ofp.Sub(ofp.Reg(13), 0, 16)},
		{Table: ofp.NoTable, Commit: true, Force: true, ZoneField: ofp.Sub(ofp.Reg(11), 0, 16)},
	} {
		ip(func(b *ofp.ActionBuilder) { b.CT(c) })
	}
	for _, n := range []ofp.NAT{
		{}, {Src: true}, {Dst: true}, {Src: true, AddrMin: ip4("10.0.0.1")}, {Dst: true, AddrMin: ip4("10.0.0.1"), AddrMax: ip4("10.0.0.9")},
		{Dst: true, AddrMin: ip4("10.0.0.1"), PortMin: 80}, {Dst: true, AddrMin: ip4("10.0.0.1"), AddrMax: ip4("10.0.0.1"), PortMin: 80, PortMax: 80},
		{Src: true, AddrMin: ip4("10.0.0.1"), PortMin: 1, PortMax: 3000, Random: true}, {Src: true, AddrMin: ip4("10.0.0.1"), PortMin: 1, PortMax: 3000, Hash: true, Persistent: true},
		{Src: true, AddrMin: ip4("fd11::2")}, {Dst: true, AddrMin: ip4("fd11::2"), AddrMax: ip4("fd11::5"), PortMin: 1, PortMax: 9}, {Dst: true, AddrMin: ip4("fd11::2"), PortMin: 8080},
	} {
		ip(func(b *ofp.ActionBuilder) {
			m := b.BeginCT(ofp.CT{Table: 12, Commit: n.Src || n.Dst, ZoneField: ofp.Sub(ofp.Reg(11), 0, 16)})
			b.NAT(n)
			if n.Src || n.Dst {
				b.SetField(ofp.CTMark, ofp.U64(2))
				b.Load(ofp.Sub(ofp.CTMark, 1, 1), ofp.U64(1))
				b.SetFieldMasked(ofp.CTLabel, ofp.U128{Hi: 5 << 32}, ofp.U128{Hi: 0xffffffff << 32})
				b.CopyField(ofp.Whole(ofp.Reg(3)), ofp.Sub(ofp.CTLabel, 96, 32))
				b.CopyField(ofp.Whole(ofp.EthSrc), ofp.Sub(ofp.CTLabel, 32, 48))
			}
			b.End(m)
		})
	}
	add("tcp", func(b *ofp.ActionBuilder) { b.CT(ofp.CT{Table: ofp.NoTable, Commit: true, ALG: ofp.ALGFTP}) })
	add("udp", func(b *ofp.ActionBuilder) { b.CT(ofp.CT{Table: 9, Commit: true, ALG: ofp.ALGTFTP}) })
	add("tcp", func(b *ofp.ActionBuilder) {
		b.SetField(ofp.TCPDst, ofp.U64(80))
		b.Load(ofp.Sub(ofp.TCPSrc, 2, 2), ofp.U64(1))
	})
	add("udp", func(b *ofp.ActionBuilder) { b.SetField(ofp.UDPDst, ofp.U64(80)); b.SetField(ofp.UDPSrc, ofp.U64(80)) })
	add("sctp", func(b *ofp.ActionBuilder) { b.SetField(ofp.SCTPDst, ofp.U64(80)); b.SetField(ofp.SCTPSrc, ofp.U64(80)) })
	add("icmp", func(b *ofp.ActionBuilder) {
		b.SetField(ofp.ICMPv4Type, ofp.U64(0))
		b.SetField(ofp.ICMPv4Code, ofp.U64(3))
	})
	add("arp", func(b *ofp.ActionBuilder) {
		b.CopyField(ofp.Whole(ofp.EthSrc), ofp.Whole(ofp.EthDst))
		b.SetField(ofp.ARPOp, ofp.U64(2))
		b.CopyField(ofp.Whole(ofp.ARPSHA), ofp.Whole(ofp.ARPTHA))
		b.SetField(ofp.ARPSHA, ofp.U64(0x404400000001))
		b.CopyField(ofp.Whole(ofp.ARPSPA), ofp.Whole(ofp.ARPTPA))
		b.SetField(ofp.ARPSPA, ofp.U64(0xc0a8000b))
		b.StackPush(ofp.Whole(ofp.ARPSPA))
	})
	add("ipv6", func(b *ofp.ActionBuilder) {
		b.SetField(ofp.IPv6Src, addr6("fe80::1"))
		b.CopyField(ofp.Whole(ofp.IPv6Src), ofp.Whole(ofp.XXReg(0)))
		b.SetFieldMasked(ofp.IPv6Dst, ofp.U64(7), ofp.U64(15))
		b.SetField(ofp.IPv6Label, ofp.U64(5))
		b.CTClear()
	})
	add("nd", func(b *ofp.ActionBuilder) {
		b.SetField(ofp.NDTarget, addr6("fe80::1"))
		b.SetField(ofp.NDSLL, ofp.U64(5))
	})
	add("na", func(b *ofp.ActionBuilder) {
		b.SetField(ofp.NDTLL, ofp.U64(5))
		b.SetField(ofp.NDReserved, ofp.U64(0x60000000))
		b.SetField(ofp.NDOptionsType, ofp.U64(2))
	})
	return out
}

func protoMatch(proto string, extra ...matchSpec) ofp.Match {
	var b ofp.MatchBuilder
	six := func(typ uint64) {
		b.Set(ofp.EthType, 0x86dd)
		b.Set(ofp.IPProto, 58)
		b.Set(ofp.ICMPv6Type, typ)
		b.Set(ofp.ICMPv6Code, 0)
	}
	protos := map[string]uint64{"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1}
	switch proto {
	case "ct":
		b.Set(ofp.EthType, 0x800)
		b.SetMasked(ofp.CTState, 0x22, 0x22)
	case "ip":
		b.Set(ofp.EthType, 0x800)
	case "ipv6":
		b.Set(ofp.EthType, 0x86dd)
	case "arp":
		b.Set(ofp.EthType, 0x806)
	case "nd":
		six(135)
	case "na":
		six(136)
	case "tcp", "udp", "sctp", "icmp":
		b.Set(ofp.EthType, 0x800)
		b.Set(ofp.IPProto, protos[proto])
	}
	for _, e := range extra {
		e(&b)
	}
	return b.Match()
}

// sampleFlows are flows with every match and every action.
func sampleFlows() []Flow {
	var flows []Flow
	for i, m := range sampleMatches() {
		flows = append(flows, Flow{Table: 1, Priority: uint16(100 + i), Cookie: uint64(i), Match: m, Actions: acts(func(b *ofp.ActionBuilder) { b.Resubmit(2) })})
	}
	var protos []string
	all := sampleActions()
	for p := range all {
		protos = append(protos, p)
	}
	sort.Strings(protos)
	for _, p := range protos {
		for _, a := range all[p] {
			m := protoMatch(p, mset(ofp.Metadata, uint64(len(flows))))
			flows = append(flows, Flow{Table: 2, Priority: uint16(100 + len(flows)), Cookie: 0xfff00000 + uint64(len(flows)), Match: m, Actions: a})
		}
	}
	return flows
}

// sampleUpdate is the sample flows with the group and meter that they need.
func sampleUpdate(t testing.TB, gen int64) Update {
	g := ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash", Bucket: []ofp.Bucket{{ID: 0, Weight: 100, Actions: acts(func(b *ofp.ActionBuilder) { b.Output(1) })}}}
	body, err := g.Body()
	if err != nil {
		t.Fatal(err)
	}
	return Update{
		Gen: gen, Complete: true,
		Flows: []OwnerFlows{{
			Owner: "sample", Flows: sampleFlows(),
			Groups: []Group{{1, body}},
			Meters: []Meter{{1, ofp.NewMeterBody(ofp.MeterPktps|ofp.MeterBurst|ofp.MeterStats, ofp.MeterBand{Rate: 10, Burst: 5})}},
		}},
	}
}

// flowID finds what tells the sample flows apart.
var flowID = regexp.MustCompile(`table=\d+, priority=\d+`)

// Everything that is sent comes back as it was sent, prints as ovs-ofctl
// prints it, and costs no flow mod at the next connect.
func TestReadBackEqual(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1", "p2")
	c := start(t, Config{Target: sw.Mgmt()})
	u := sampleUpdate(t, 1)
	c.Update(u)
	installedGen(t, c, 1)
	st := c.Status()
	for _, r := range st.Refused {
		t.Errorf("refused: %v: %s", r.Err, r.Flow)
	}
	if t.Failed() {
		return
	}
	if want := len(u.Flows[0].Flows); st.Installed != want {
		t.Errorf("%d flows installed, want %d", st.Installed, want)
	}
	theirs := map[string]string{}
	for _, l := range sw.Flows() {
		theirs[flowID.FindString(l)] = l
	}
	for _, f := range u.Flows[0].Flows {
		got := f.String()
		want := theirs[flowID.FindString(got)]
		if strings.Join(strings.Fields(got), "") != strings.Join(strings.Fields(want), "") {
			t.Errorf("print\n   got %s\n  want %s", got, want)
		}
	}

	second := start(t, Config{Target: sw.Mgmt()})
	second.Update(u)
	installedGen(t, second, 1)
	n := second.Status().Counters
	if n.FlowAdds+n.FlowDeletes+n.GroupMods+n.MeterMods != 0 {
		t.Errorf("unchanged state cost %d adds, %d deletes, %d group mods, %d meter mods", n.FlowAdds, n.FlowDeletes, n.GroupMods, n.MeterMods)
		tab := readSwitch(t, sw)
		for _, f := range u.Flows[0].Flows {
			s := tab.slot(f.Key())
			if h, ok := s.have(); !ok {
				t.Errorf("not found again: %s", f)
			} else if h.actions != f.Actions {
				t.Errorf("actions\n  sent %x\n  back %x\n  %s\n  %s", []byte(f.Actions), []byte(h.actions), f.Actions, h.actions)
			}
		}
	}
}

// readSwitch reads what the switch holds over a connection of its own.
func readSwitch(t testing.TB, sw *ovstest.Switch) *Table {
	t.Helper()
	s := plainSession(t, sw)
	if err := s.readBack(nil); err != nil {
		t.Fatal(err)
	}
	return s.c.st.table
}

// plainSession is a connection that nothing has been asked of yet.
func plainSession(t testing.TB, sw *ovstest.Switch) *session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	cn, err := dial(ctx, sw.Mgmt(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cn.close)
	s := &session{conn: cn, c: New(Config{Target: sw.Mgmt()}), ctx: ctx, xid: 1}
	s.buf = cn.buffer()
	return s
}
