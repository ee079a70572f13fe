package lflow

import (
	"fmt"
	"net"
	"net/netip"
)

// Constant is a literal: a number with or without mask, or a string.
type Constant struct {
	Value, Mask Value
	Masked      bool
	IsString    bool
	Notation    Notation
	Str         string
}

// width returns how many bits the constant claims: as many as its notation has,
// unless a mask says which of them count.
func (c *Constant) width() int {
	if c.Masked {
		return c.Mask.Len()
	}
	return c.Notation.width(c.Value)
}

// fits is nil if f can hold the integer c. What stands for bits of a field may
// be written in as many bits as the field has, as long as none is lost.
func (c *Constant) fits(f Field, pos int) *Error {
	if w := c.width(); w > f.sym.Width {
		return errorf(pos, CodeValue, "%d-bit constant does not fit into %d-bit field %s", w, f.sym.Width, f.sym.Name)
	}
	w := c.Value.Len()
	if c.Masked {
		w = c.Mask.Len()
	}
	if w > f.Width() {
		return errorf(pos, CodeValue, "%d-bit constant does not fit into %d-bit field %s", w, f.Width(), f)
	}
	return nil
}

// MAC is an Ethernet address.
type MAC [6]byte

// String returns the address as six pairs of lower-case hex digits.
func (m MAC) String() string { return string(appendMAC(nil, m.value().Lo)) }

func (m MAC) value() Value {
	var v uint64
	for _, b := range m {
		v = v<<8 | uint64(b)
	}
	return U(v)
}

// Broadcast is the Ethernet address of everybody.
var Broadcast = MAC{255, 255, 255, 255, 255, 255}

// ParseMAC parses six colon-separated pairs of hex digits.
func ParseMAC(s string) (m MAC, ok bool) {
	v, ok := scanMAC(s)
	if !ok || len(s) != 17 {
		return m, false
	}
	for i := range m {
		m[i] = byte(v >> (40 - 8*i))
	}
	return m, true
}

// ParseConstant parses one address, number or quoted string, as the members
// of address sets are written.
func ParseConstant(s string) (Constant, error) {
	if len(s) > MaxLength {
		return Constant{}, tooLong(len(s))
	}
	l := lexer{src: s}
	var t token
	l.next(&t)
	c, ok := t.constant()
	if !ok {
		return c, errorf(t.pos, CodeValue, "expected a constant, found %s", t.describe(s))
	}
	if l.next(&t); t.kind != tokEnd {
		return c, errorf(t.pos, CodeSyntax, "expected the end of the constant, found %s", t.describe(s))
	}
	return c, nil
}

// ConstantOf returns v as a constant. v may be an int, uint64, Value, string
// (a port name), MAC, net.HardwareAddr, netip.Addr, netip.Prefix or Constant;
// anything else panics.
func ConstantOf(v any) Constant {
	switch v := v.(type) {
	case Constant:
		return v
	case int:
		return Constant{Value: U(uint64(v))}
	case uint64:
		return Constant{Value: U(v)}
	case Value:
		return Constant{Value: v, Notation: Hex}
	case string:
		return Constant{IsString: true, Str: v}
	case MAC:
		return Constant{Value: v.value(), Notation: Ethernet}
	case net.HardwareAddr:
		if len(v) == 6 {
			return Constant{Value: MAC(v).value(), Notation: Ethernet}
		}
	case netip.Addr:
		return addrConstant(v)
	case netip.Prefix:
		c := addrConstant(v.Addr())
		width := c.Notation.width(c.Value)
		if v.Bits() < width {
			c.Masked = true
			c.Mask = Ones(v.Bits()).Shl(width - v.Bits())
			c.Value = c.Value.And(c.Mask)
		}
		return c
	}
	panic(fmt.Sprintf("lflow: no constant of type %T", v))
}

func addrConstant(a netip.Addr) Constant {
	c := Constant{Notation: IPv6}
	if a.Is4() {
		c.Notation = IPv4
		b := a.As4()
		c.Value = U(uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3]))
		return c
	}
	b := a.As16()
	for i := range 8 {
		c.Value.Hi = c.Value.Hi<<8 | uint64(b[i])
		c.Value.Lo = c.Value.Lo<<8 | uint64(b[8+i])
	}
	return c
}

// Masked returns the constant v/mask.
func Masked(v, mask any) Constant {
	c, m := ConstantOf(v), ConstantOf(mask)
	c.Masked = true
	c.Mask = m.Value
	c.Value = c.Value.And(c.Mask)
	return c
}

// Bool returns the test for the one-bit field or predicate f, such as ip4 or
// flags.loopback.
func Bool(f Field) *Expr { return Compare(f, EQ, 1) }

// Eq returns f == v, or for several values f == {v, …}. See ConstantOf.
func Eq(f Field, vs ...any) *Expr { return Compare(f, EQ, vs...) }

// OneOf is Eq for a list of values.
func OneOf[T any](f Field, vs []T) *Expr {
	args := make([]any, len(vs))
	for i, v := range vs {
		args[i] = v
	}
	return Eq(f, args...)
}

// Ne returns f != v, or for several values f != {v, …}.
func Ne(f Field, vs ...any) *Expr { return Compare(f, NE, vs...) }

// Compare returns f rel v. With several values it is true if any of the
// comparisons is, for NE if all are. It panics where the language does not
// allow the comparison: that is an error in the caller's code.
func Compare(f Field, rel Rel, vs ...any) *Expr {
	var a Arena
	a.nodes.room(len(vs)) // as many as it needs, and the one that joins them
	p := parser{Arena: &a}
	args := make([]*Expr, len(vs))
	for i, v := range vs {
		e, err := p.compare(f, 0, rel, ConstantOf(v))
		if err != nil {
			panic(err)
		}
		args[i] = e
	}
	if rel == NE {
		return a.join(OpAnd, args)
	}
	return a.join(OpOr, args)
}

// Resident returns is_chassis_resident(port).
func Resident(port string) *Expr { return &Expr{Op: OpResident, Str: port} }
