package ofp

import (
	"encoding/hex"
	"testing"
)

// Different ways to say a match are one canonical match.
func TestCanonical(t *testing.T) {
	for _, tc := range []struct{ name, in, print string }{
		{"a length that is not the field's", "00010a02" + "0800", "<ofp: bad length: OXM reg5: 2 of 4>"},
		{"no such field", "0001fc04" + "00000800", "<ofp: unknown: OXM class 0x1 field 126 experimenter 0x0>"},
		{"eth_type by Nicira's name", "00000602" + "0800", "ip"},
		{"whole mask", "80000a02" + "0800" + "80001708" + "0a000001" + "ffffffff", "ip,nw_src=10.0.0.1"},
		{"empty mask", "00010108" + "00000005" + "00000000", ""},
		{"value outside the mask", "00010108" + "000000ff" + "0000000f", "reg0=0xf/0xf"},
		{"xreg", "80010008" + "0000000100000002", "reg0=0x1,reg1=0x2"},
		{"xxreg", "0001de10" + "00000001000000020000000300000004", "reg0=0x1,reg1=0x2,reg2=0x3,reg3=0x4"},
		{"order", "00010004" + "00000001" + "80000004" + "00000003", "reg0=0x1,in_port=3"},
		{"vlan_vid and vlan_pcp", "80000c02" + "1064" + "80000e01" + "03", "dl_vlan=100,dl_vlan_pcp=3"},
		{"priority bits of an untagged packet (a fuzz find)", "00000904" + "41305830", "vlan_tci=0x0030/0x1830"},
		{"in_port in 16 bits", "00000002" + "fffe", "in_port=LOCAL"},
		{"tcp_flags by its experimenter", "80000a02080080001401068000550400020002", "tcp,tcp_flags=+syn"},
		{"the same as ONF's", "80000a020800800014010" + "6ffff55084f4e460000020002", "tcp,tcp_flags=+syn"},
		{"two values", "00010004" + "00000001" + "00010004" + "00000002", "<ofp: match demands two values of reg0>"},
		{"truncated", "000100", "<ofp: truncated OXM header>"},
		{"length beyond the end", "00010004" + "0000", "<ofp: bad length: OXM reg0: 4 of 2>"},
	} {
		raw, err := hex.DecodeString(tc.in)
		if err != nil {
			t.Fatal(err)
		}
		m, err := DecodeMatch(raw)
		got := m.String()
		if err != nil {
			got = "<" + err.Error() + ">"
		}
		if got != tc.print {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.print)
		}
		if again, err := DecodeMatch([]byte(m)); err != nil || again != m {
			t.Errorf("%s: not stable: %x, %v", tc.name, []byte(again), err)
		}
	}
}

// A demand that contradicts an earlier one is told; one that agrees is joined.
func TestBuilderJoins(t *testing.T) {
	var b MatchBuilder
	if !b.SetMasked(Reg0, 1, 3) || !b.SetMasked(Reg0, 4, 6) {
		t.Error("agreeing demands are refused")
	}
	b.Reset()
	if !b.SetBits(Metadata, 40, 1, U64(1)) || !b.SetBits(Metadata, 0, 24, U64(5)) {
		t.Error("bits of one field are refused")
	}
	if got := b.Match().String(); got != "metadata=0x10000000005/0x10000ffffff" {
		t.Error(got)
	}
	if b.SetBits(Metadata, 40, 1, U64(0)) {
		t.Error("a contradiction is not told")
	}
}

func TestU128(t *testing.T) {
	one := U64(1)
	for n := range 130 {
		want := U128{}
		switch {
		case n < 64:
			want.Lo = 1 << n
		case n < 128:
			want.Hi = 1 << (n - 64)
		}
		if got := one.Shl(n); got != want {
			t.Errorf("1<<%d = %v", n, got)
		}
		if n < 128 && (one.Shl(n).Shr(n) != one || one.Shl(n).Len() != n+1 || Ones(n).Len() != n) {
			t.Errorf("shift %d", n)
		}
	}
}

func TestMatchAllocs(t *testing.T) {
	var m MatchBuilder
	var a ActionBuilder
	buf := make([]byte, 0, 256)
	raw := seedMatches()[EthDst]
	if n := testing.AllocsPerRun(100, func() {
		m.Reset()
		m.Set(Metadata, 1)
		m.Set128(IPv6Src, U128{1, 2})
		buf = m.Append(buf[:0])
		_ = m.Decode(raw)
		a.Reset()
		a.SetField(Reg(15), U64(3))
		c := a.BeginCT(CT{Commit: true, Zone: 4, Table: NoTable})
		a.End(c)
		a.Resubmit(44)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestPut: a bit is 1 whatever was demanded of it, of a register or of a view.
func TestPut(t *testing.T) {
	for _, c := range []struct {
		f    Field
		bit  int
		want string
	}{
		{Reg0, 3, "reg0=0x8,reg9=0x10"},
		{Reg(9), 0, "reg9=0x11"},
		{XReg0, 40, "reg0=0x100,reg9=0x10"},
		{XReg(4), 2, "reg9=0x14"},
		{XXReg0, 3, "reg3=0x8,reg9=0x10"},
		{XXReg0, 111, "reg0=0x8000,reg9=0x10"},
		{XXReg(2), 64, "reg9=0x11"},
	} {
		var b MatchBuilder
		b.Set(Reg(9), 0x10)
		b.Put(c.f, c.bit)
		if got := b.Match().String(); got != c.want {
			t.Errorf("%s[%d]: %s, want %s", c.f.Name(), c.bit, got, c.want)
		}
	}
}
