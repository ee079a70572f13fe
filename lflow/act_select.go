package lflow

import (
	"slices"
	"strconv"
	"strings"
)

// Choice is a value of 0 to 65535 that Select may choose, with a weight of 1 to
// 65535.
type Choice struct {
	Value  Value
	Weight uint16
}

// selectBits is the width of a choice's value: OVN refuses any narrower field,
// whatever the values.
const selectBits = 16

// defaultWeight is that of a choice without one.
const defaultWeight = 100

// Select stores one of two or more values in Dst and continues in the next
// table.
type Select struct {
	Dst        Field
	Choices    []Choice
	HashFields string // as in CTLB
}

func (a Select) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = select("...)
	if a.HashFields != "" {
		b = append(b, "values=("...)
	}
	for i, c := range a.Choices {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendValue(b, c.Value, Decimal), '=')
		b = strconv.AppendUint(b, uint64(c.Weight), 10)
	}
	if a.HashFields != "" {
		b = appendString(append(b, "); hash_fields="...), a.HashFields)
	}
	return append(b, ");"...)
}

func (a Select) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parseSelect(p *actionParser, dst operand) (Action, *Error) {
	a := Select{Dst: dst.Field}
	if err := p.hasNext("select"); err != nil {
		return nil, err
	}
	if err := p.writable(dst); err != nil {
		return nil, err
	}
	if dst.sym.IsString() || dst.sym.Kind == KindVirtual {
		return nil, errorf(dst.pos, CodeType, "the result of select needs an integer field, not %s", dst.Field)
	}
	if dst.Width() < selectBits {
		return nil, errorf(dst.pos, CodeType, "the result of select needs %d bits, and %s has %d", selectBits, dst.Field, dst.Width())
	}
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	hashed := p.tok.kind == tokIdent
	if hashed {
		if err := p.key("values"); err != nil {
			return nil, err
		}
		if err := p.expect(tokLParen); err != nil {
			return nil, err
		}
	}
	pos := p.tok.pos
	for !p.accept(tokRParen) {
		c, err := p.choice()
		if err != nil {
			return nil, err
		}
		a.Choices = append(a.Choices, c)
		if p.tok.kind != tokRParen {
			if err := p.expect(tokComma); err != nil {
				return nil, err
			}
		}
	}
	if len(a.Choices) < 2 {
		return nil, errorf(pos, CodeSyntax, "select needs two values or more")
	}
	if !hashed {
		return a, nil
	}
	if err := p.expect(tokSemicolon); err != nil {
		return nil, err
	}
	var err *Error
	if a.HashFields, err = p.hashFields(); err != nil {
		return nil, err
	}
	return a, p.expect(tokRParen)
}

// choice parses `value' or `value=weight'.
func (p *actionParser) choice() (Choice, *Error) {
	v, err := p.integer("a value", 1<<selectBits-1)
	if err != nil {
		return Choice{}, err
	}
	c := Choice{Value: U(v), Weight: defaultWeight}
	if p.accept(tokAssign) {
		pos := p.tok.pos
		w, err := p.integer("a weight", 65535)
		if err != nil {
			return c, err
		}
		if w == 0 {
			return c, errorf(pos, CodeValue, "a weight must not be 0")
		}
		c.Weight = uint16(w)
	}
	return c, nil
}

// HashFields returns the fields, with the names that Open vSwitch gives them,
// that hash_fields can name. tp_src and tp_dst are the ports of TCP, UDP and SCTP.
func HashFields() []string {
	return []string{"eth_src", "eth_dst", "ip_src", "ip_dst", "ipv6_src", "ipv6_dst", "ip_proto", "tp_src", "tp_dst",
		"tcp_src", "tcp_dst", "udp_src", "udp_dst", "sctp_src", "sctp_dst"}
}

// hashFields parses `hash_fields="…"'.
func (p *actionParser) hashFields() (string, *Error) {
	if err := p.key("hash_fields"); err != nil {
		return "", err
	}
	if p.tok.kind != tokString {
		return "", p.expected("names of fields in quotes")
	}
	text := p.tok.text
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(HashFields(), name) {
			return "", errorf(p.tok.pos, CodeSymbol, "unknown field %q in hash_fields", name)
		}
	}
	p.advance()
	return text, nil
}
