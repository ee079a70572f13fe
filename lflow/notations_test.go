package lflow

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// written is a constant in one of the ways in which it can be written.
type written struct {
	text     string
	notation Notation
}

// writings returns all notations of v that can hold it, each in both cases.
func writings(v Value) (ws []written) {
	if v.Hi == 0 {
		ws = append(ws, written{fmt.Sprint(v.Lo), Decimal})
	}
	hex := string(appendValue(nil, v, Hex))
	hex = strings.TrimPrefix(hex, "0x")
	for _, digits := range []string{hex, strings.ToUpper(hex), "000" + hex} {
		ws = append(ws, written{"0x" + digits, Hex}, written{"0X" + digits, Hex})
	}
	if v.Len() <= 32 {
		ws = append(ws, written{string(appendValue(nil, v, IPv4)), IPv4})
		ws = append(ws, written{"::" + string(appendValue(nil, v, IPv4)), IPv6})
	}
	if v.Len() <= 48 {
		mac := string(appendValue(nil, v, Ethernet))
		ws = append(ws, written{mac, Ethernet}, written{strings.ToUpper(mac), Ethernet})
	}
	long := netip.AddrFrom16(v.Bytes16()).StringExpanded()
	for _, a := range []string{netip.AddrFrom16(v.Bytes16()).String(), long, strings.ToUpper(long)} {
		ws = append(ws, written{a, IPv6})
	}
	return ws
}

// notationValues are zero, the ends of widths, and what has digits of all kinds.
func notationValues() (vs []Value) {
	for _, n := range []int{0, 1, 8, 15, 16, 17, 32, 33, 48, 49, 64, 65, 127, 128} {
		vs = append(vs, Ones(n))
	}
	return append(vs, U(2), U(24), U(0x123), U(0xabcdef), Ones(16).Shl(16), Ones(8).Shl(24), Ones(64).Shl(64), Value{0xfedc, 0xba98})
}

// TestNotations: the notation of a number does not change it, and a mask goes
// with a value in its own notation, or is a prefix length, or hexadecimal for 0.
func TestNotations(t *testing.T) {
	values := notationValues()
	for _, v := range values {
		for _, w := range writings(v) {
			c, err := ParseConstant(w.text)
			if err != nil || c.Value != v || c.Masked || c.Notation != w.notation {
				t.Errorf("%s is read as %+v (%v)", w.text, c, err)
			}
			for _, m := range values {
				for _, wm := range writings(m) {
					checkMasked(t, v, m, w, wm)
				}
			}
		}
	}
}

func checkMasked(t *testing.T, v, m Value, w, wm written) {
	text := w.text + "/" + wm.text
	mask, ok := m, w.notation == wm.notation
	width := map[Notation]uint64{IPv4: 32, IPv6: 128}[w.notation]
	switch {
	case width != 0 && wm.notation == Decimal:
		ok = m.Lo <= width && m.Hi == 0
		mask = Ones(int(width)).AndNot(Ones(int(width - min(m.Lo, width))))
	case w.notation == Decimal && wm.notation == Hex:
		ok = v.IsZero()
	}
	c, err := ParseConstant(text)
	switch {
	case (err == nil) != ok:
		t.Errorf("%s: %v", text, err)
	case ok && (c.Mask != mask || c.Value != v.And(mask) || !c.Masked):
		t.Errorf("%s is read as %+v", text, c)
	case ok:
		again, err := ParseConstant(string(appendMasked(nil, c.Value, c.Mask, c.Notation)))
		if err != nil || again.Value != c.Value || again.Mask != c.Mask {
			t.Errorf("%s is printed as %s (%v)", text, appendMasked(nil, c.Value, c.Mask, c.Notation), err)
		}
	}
}

// TestFits: what can be compared with a field and with bits of it, whatever the
// notation, and which bits are then looked at.
func TestFits(t *testing.T) {
	var values []written
	for _, v := range []Value{{}, U(1), U(5), Ones(8), Ones(12), Ones(16), Ones(32), Ones(48), Ones(128)} {
		values = append(values, writings(v)...)
		for _, m := range []Value{{}, U(5), Ones(6), Ones(16), Ones(32), Ones(65)} {
			for _, w := range writings(v) {
				for _, wm := range writings(m) {
					values = append(values, written{w.text + "/" + wm.text, w.notation})
				}
			}
		}
	}
	for _, f := range []Field{F("reg0"), F("reg0").Bits(4, 15), F("ip4.src"), F("ip4.src").Bits(8, 15), TCPDst, TCPDst.Bit(3), F("vlan.pcp"),
		EthSrc, EthSrc.Bits(0, 31), EthType, IPProto, F("ip.dscp"), IP6Src, IP6Src.Bits(64, 127)} {
		names := []string{f.String()}
		if f.Width() == f.sym.Width {
			names = append(names, fmt.Sprintf("%s[0..%d]", f.Name(), f.Width()-1))
		}
		for _, w := range values {
			c, err := ParseConstant(w.text)
			if err != nil {
				continue // TestNotations looks at these
			}
			mask := Ones(f.Width())
			claims, bits := c.Notation.width(c.Value), c.Value
			if c.Masked {
				mask, claims, bits = c.Mask, c.Mask.Len(), c.Mask
			}
			ok := claims <= f.sym.Width && bits.Len() <= f.Width() && (f.sym.Level == Ordinal || mask == Ones(f.Width()))
			for _, name := range names {
				text := name + " == " + w.text
				e, err := ParseMatch(text, nil)
				switch {
				case (err == nil) != ok:
					t.Errorf("%s: %v", text, err)
				case ok && (e.Sym != f.sym || e.Value != c.Value.Shl(f.Lo()) || e.Mask != mask.Shl(f.Lo())):
					t.Errorf("%s is read as %+v", text, e)
				case ok:
					if again, err := ParseMatch(e.String(), nil); err != nil || again.Canonical() != e.Canonical() {
						t.Errorf("%s is printed as %s (%v)", text, e, err)
					}
				}
			}
		}
	}
}

// TestBare: what may stand alone behind how many negations. A range of all bits
// is the symbol.
func TestBare(t *testing.T) {
	for _, s := range Standard().All() {
		if s.IsString() {
			continue
		}
		for _, name := range []string{s.Name, fmt.Sprintf("%s[0..%d]", s.Name, s.Width-1)} {
			for _, form := range []string{"%s", "(%s)", "!%s", "!(%s)", "!((%s))", "!(!%s)", "!(!(%s))", "!(1 && (%s))", "!(!(!%s))"} {
				checkBare(t, s, fmt.Sprintf(form, name), strings.Count(form, "!"))
			}
			if _, err := ParseMatch("!!"+name, nil); err == nil {
				t.Errorf("!!%s is accepted", name)
			}
		}
	}
}

func checkBare(t *testing.T, s *Symbol, text string, nots int) {
	odd := nots%2 == 1
	ok := s.Kind != KindVirtual && (odd || s.Width == 1) && (s.Kind != KindPredicate || s.Level == Boolean || !odd)
	e, err := ParseMatch(text, nil)
	if (err == nil) != ok {
		t.Errorf("%s: %v", text, err)
	}
	if err != nil {
		return
	}
	want := s.Name
	if s.Width > 1 {
		want += " == 0"
	} else if odd {
		want = "!" + want
	}
	if e.Args != nil { // !(1 && x) is 0 || !x
		e = e.Args[1]
	}
	if e.Canonical() != want {
		t.Errorf("%s is read as %s, want %s", text, e.Canonical(), want)
	}
}

// TestNegation: the negation of a predicate is true where the predicate is not.
func TestNegation(t *testing.T) {
	for _, s := range Standard().All() {
		if s.Level != Boolean {
			continue
		}
		yes, no := Bool(whole(s)), Not(Bool(whole(s)))
		some := map[bool]bool{}
		for _, eth := range []uint64{0, 0x800, 0x806, 0x86dd} {
			for i := range 80 {
				// Numbers that predicates ask for, each with its bits in the way of the others.
				dst6 := []Value{{}, {0xff05 << 48, 0}, {0xff02 << 48, 1}, {0xff02 << 48, 0x1ff000005}, {0xff05 << 48, 2}}[i/16]
				p := &packet{numbers: map[string]Value{"eth.type": U(eth), "ip.frag": U(uint64(i % 4)),
					"eth.dst": []Value{{}, U(0x01005e000001), U(0x333300000001), Ones(48)}[i/4%4],
					"ip4.src": U(uint64(i%16) << 28), "ip4.dst": U(uint64(i%16) << 28), "ip6.dst": dst6, "vlan.tci": U(uint64(i%2) << 12)}}
				is := Evaluate(yes, p)
				some[is] = true
				for _, e := range []*Expr{no, Annotate(no), Simplify(Annotate(no), vectorResident)} {
					if Evaluate(e, p) == is {
						t.Fatalf("%s and %s are both %v for %v", s.Name, e, is, p.numbers)
					}
				}
			}
		}
		if len(some) < 2 {
			t.Errorf("%s is always the same", s.Name)
		}
	}
}
