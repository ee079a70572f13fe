package lflow

import (
	"math/bits"
	"net/netip"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokError
	tokIdent     // text is the name
	tokString    // text is the value
	tokInteger   // value
	tokMasked    // value, mask
	tokMacro     // $text
	tokGroup     // @text
	tokLParen    // (
	tokRParen    // )
	tokLSquare   // [
	tokRSquare   // ]
	tokLCurly    // {
	tokRCurly    // }
	tokEQ        // ==
	tokNE        // !=
	tokLT        // <
	tokLE        // <=
	tokGT        // >
	tokGE        // >=
	tokNot       // !
	tokAnd       // &&
	tokOr        // ||
	tokRange     // ..
	tokComma     // ,
	tokSemicolon // ;
	tokAssign    // =
	tokExchange  // <->
	tokDecrement // --
	tokHyphen    // -
	tokColon     // :
)

func (k tokenKind) String() string {
	return [...]string{"end of input", "error", "name", "string", "integer", "masked integer", "address set", "port group",
		"(", ")", "[", "]", "{", "}", "==", "!=", "<", "<=", ">", ">=", "!", "&&", "||", "..", ",", ";", "=", "<->", "--", "-", ":"}[k]
}

// token is one lexical element. pos and end are byte offsets.
type token struct {
	kind        tokenKind
	notation    Notation
	pos, end    int
	value, mask Value
	text        string
}

// describe names the token for an error message about src.
func (t *token) describe(src string) string {
	const most = 40
	switch t.kind {
	case tokEnd:
		return "end of input"
	case tokError:
		return t.text
	}
	s := src[t.pos:t.end]
	if len(s) > most {
		s = s[:most] + "..."
	}
	return "`" + strings.ToValidUTF8(s, "?") + "'"
}

// appendTo appends the token in its canonical form.
func (t *token) appendTo(b []byte) []byte {
	switch t.kind {
	case tokError:
		return append(b, "error"...)
	case tokIdent:
		return append(b, t.text...)
	case tokString:
		return appendString(b, t.text)
	case tokInteger:
		return appendValue(b, t.value, t.notation)
	case tokMasked:
		return appendMasked(b, t.value, t.mask, t.notation)
	case tokMacro:
		return append(append(b, '$'), t.text...)
	case tokGroup:
		return append(append(b, '@'), t.text...)
	}
	return append(b, t.kind.String()...)
}

// constant returns the literal that the token is.
func (t *token) constant() (Constant, bool) {
	switch t.kind {
	case tokString:
		return Constant{IsString: true, Str: t.text}, true
	case tokInteger:
		return Constant{Value: t.value, Notation: t.notation}, true
	case tokMasked:
		return Constant{Value: t.value, Mask: t.mask, Masked: true, Notation: t.notation}, true
	}
	return Constant{}, false
}

// Character classes.
const (
	isIdent1 = 1 << iota // starts a name
	isIdent              // goes on with one
	isDigit
	isHex
	isSpace
)

var charClass = func() (c [256]uint8) {
	for i := range c {
		switch b := byte(i); {
		case b >= '0' && b <= '9':
			c[i] = isIdent | isDigit | isHex
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			c[i] = isIdent1 | isIdent | isHex
		case b >= 'g' && b <= 'z' || b >= 'G' && b <= 'Z' || b == '_':
			c[i] = isIdent1 | isIdent
		case b == '.':
			c[i] = isIdent
		case b == ' ' || b >= '\t' && b <= '\r':
			c[i] = isSpace
		}
	}
	return c
}()

// lexer cuts src into tokens. After an error it goes on behind the offending
// text. Hot path: no allocation but for strings with escapes and for errors.
type lexer struct {
	src string
	pos int
}

func (l *lexer) peek(i int) byte {
	if l.pos+i < len(l.src) {
		return l.src[l.pos+i]
	}
	return 0
}

// next reads the next token into t; at the end tokEnd, again and again.
func (l *lexer) next(t *token) {
	*t = token{}
	if err := l.skipSpace(t); err {
		return
	}
	t.pos = l.pos
	if l.pos >= len(l.src) {
		t.end = l.pos
		return
	}
	c := l.src[l.pos]
	class := charClass[c]
	switch {
	case class&isDigit != 0 || c == ':' && l.startsAddress() || class&isHex != 0 && l.hexThenColon():
		l.number(t)
	case class&isIdent1 != 0:
		t.kind = tokIdent
		t.text = l.ident()
	case c == '"':
		l.string(t)
	case c == '$' || c == '@':
		l.pos++
		if charClass[l.peek(0)]&isIdent1 == 0 {
			l.fail(t, "`"+string(c)+"' must be followed by a name")
			break
		}
		t.kind = tokMacro
		if c == '@' {
			t.kind = tokGroup
		}
		t.text = l.ident()
	default:
		l.punctuation(t, c)
	}
	t.end = l.pos
}

func (l *lexer) fail(t *token, msg string) {
	t.kind, t.text = tokError, msg
}

// skipSpace skips white space and comments. A comment that does not end is
// an error and takes the rest of the text with it.
func (l *lexer) skipSpace(t *token) (isError bool) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case charClass[c]&isSpace != 0:
			l.pos++
		case c == '/' && l.peek(1) == '/':
			i := strings.IndexByte(l.src[l.pos:], '\n')
			if i < 0 {
				l.pos = len(l.src)
				return false
			}
			l.pos += i
		case c == '/' && l.peek(1) == '*':
			i := strings.Index(l.src[l.pos+2:], "*/")
			if i < 0 {
				t.pos = l.pos
				l.pos = len(l.src)
				t.end = l.pos
				l.fail(t, "`/*' without matching `*/'")
				return true
			}
			l.pos += i + 4
		default:
			return false
		}
	}
	return false
}

func (l *lexer) ident() string {
	start := l.pos
	for l.pos < len(l.src) && charClass[l.src[l.pos]]&isIdent != 0 {
		l.pos++
	}
	return l.src[start:l.pos]
}

// punct maps a character to the token it is by itself.
var punct = [128]tokenKind{
	'(': tokLParen, ')': tokRParen, '[': tokLSquare, ']': tokRSquare, '{': tokLCurly, '}': tokRCurly,
	'<': tokLT, '>': tokGT, '!': tokNot, ',': tokComma, ';': tokSemicolon, '=': tokAssign, '-': tokHyphen, ':': tokColon,
}

func (l *lexer) punctuation(t *token, c byte) {
	l.pos++
	d := l.peek(0)
	if c < 128 {
		t.kind = punct[c]
	}
	two := tokEnd
	switch {
	case c == '=' && d == '=':
		two = tokEQ
	case c == '!' && d == '=':
		two = tokNE
	case c == '<' && d == '-' && l.peek(1) == '>':
		two = tokExchange
		l.pos++
	case c == '<' && d == '=':
		two = tokLE
	case c == '>' && d == '=':
		two = tokGE
	case c == '&' && d == '&':
		two = tokAnd
	case c == '|' && d == '|':
		two = tokOr
	case c == '.' && d == '.':
		two = tokRange
	case c == '-' && d == '-':
		two = tokDecrement
	}
	switch {
	case two != tokEnd:
		t.kind = two
		l.pos++
	case c == '&' || c == '|':
		l.fail(t, "`"+string(c)+"' is only valid as part of `"+string(c)+string(c)+"'")
	case t.kind == tokEnd:
		r, size := utf8.DecodeRuneInString(l.src[l.pos-1:])
		l.pos += size - 1
		l.fail(t, "invalid character `"+string(r)+"'")
	}
}

// startsAddress tells whether a colon begins an IPv6 address.
func (l *lexer) startsAddress() bool {
	return l.peek(1) == ':' && (charClass[l.peek(2)]&isHex != 0 || l.peek(2) != ':')
}

// hexThenColon tells whether hex digits and a colon follow, so that this is
// an address and not a name.
func (l *lexer) hexThenColon() bool {
	for i := l.pos; i < len(l.src); i++ {
		if charClass[l.src[i]]&isHex == 0 {
			return l.src[i] == ':' && i-l.pos <= 4
		}
	}
	return false
}

// number scans a constant and, behind a slash, its mask. Both must be in one
// notation, but for the prefix length of an address, and for 0, which may have
// a hexadecimal mask.
func (l *lexer) number(t *token) {
	ok := l.integer(&t.value, &t.notation)
	t.kind = tokInteger
	if l.peek(0) != '/' || l.peek(1) == '/' || l.peek(1) == '*' {
		if !ok {
			l.fail(t, "invalid numeric constant `"+l.src[t.pos:l.pos]+"'")
		}
		return
	}
	l.pos++
	var notation Notation
	if !l.integer(&t.mask, &notation) || !ok {
		l.fail(t, "invalid masked constant `"+l.src[t.pos:l.pos]+"'")
		return
	}
	t.kind = tokMasked
	width := 0
	switch t.notation {
	case IPv4:
		width = 32
	case IPv6:
		width = 128
	}
	switch {
	case width > 0 && notation == Decimal:
		if t.mask.Hi != 0 || t.mask.Lo > uint64(width) {
			l.fail(t, "prefix length out of range in `"+l.src[t.pos:l.pos]+"'")
			return
		}
		n := int(t.mask.Lo)
		t.mask = Ones(n).Shl(width - n)
	case t.notation == Decimal && notation == Hex && t.value.IsZero():
		t.notation = Hex
	case notation != t.notation:
		l.fail(t, "value and mask are written differently in `"+l.src[t.pos:l.pos]+"'")
		return
	}
	t.value = t.value.And(t.mask)
}

// integer scans one number. Where it fails it still skips what looks like
// one.
func (l *lexer) integer(v *Value, n *Notation) bool {
	s := l.src[l.pos:]
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		return l.hex(v, n)
	}
	i := 0
	for i < len(s) && charClass[s[i]]&isDigit != 0 {
		i++
	}
	j := i
	for j < len(s) && charClass[s[j]]&isHex != 0 {
		j++
	}
	switch {
	case j < len(s) && s[j] == ':':
		return l.colons(v, n)
	case i == j && i+1 < len(s) && s[i] == '.' && charClass[s[i+1]]&isDigit != 0:
		return l.dotted(v, n)
	}
	end := l.run(i, isIdent)
	if i > 0 && end > i && s[i] == '.' && i+1 < len(s) && s[i+1] == '.' {
		end = i // a range of bits, as in [0..15]
	}
	l.pos += end
	*n = Decimal
	if i == 0 || end != i || i > 20 || i > 1 && s[0] == '0' {
		return false
	}
	var u uint64
	for _, c := range []byte(s[:i]) {
		hi, lo := bits.Mul64(u, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi|carry != 0 {
			return false
		}
		u = sum
	}
	*v = U(u)
	return true
}

// run returns the end of the run of characters of the class that goes on at
// offset i from here.
func (l *lexer) run(i int, class uint8) int {
	s := l.src[l.pos:]
	for i < len(s) && charClass[s[i]]&class != 0 {
		i++
	}
	return i
}

func (l *lexer) hex(v *Value, n *Notation) bool {
	end := l.run(2, isIdent)
	s := l.src[l.pos+2 : l.pos+end]
	l.pos += end
	*n, *v = Hex, Value{}
	for _, c := range []byte(s) {
		if charClass[c]&isHex == 0 || v.Hi>>60 != 0 {
			return false
		}
		*v = v.Shl(4).Or(U(uint64(hexValue(c))))
	}
	return s != ""
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// colons scans an Ethernet or IPv6 address.
func (l *lexer) colons(v *Value, n *Notation) bool {
	s := l.src[l.pos:]
	if m, ok := scanMAC(s); ok && (len(s) == 17 || s[17] != ':' && charClass[s[17]]&isIdent == 0) {
		l.pos += 17
		*v, *n = U(m), Ethernet
		return true
	}
	end := 0
	for end < len(s) && (s[end] == ':' || charClass[s[end]]&isIdent != 0) {
		end++
	}
	l.pos += end
	*n = IPv6
	if end > 45 { // longest form of an address
		return false
	}
	a, err := netip.ParseAddr(s[:end])
	if err != nil || !a.Is6() || a.Zone() != "" {
		return false
	}
	*v = addrConstant(a).Value
	return true
}

// scanMAC parses the Ethernet address that s begins with.
func scanMAC(s string) (v uint64, ok bool) {
	if len(s) < 17 {
		return 0, false
	}
	for i := 0; i < 17; i += 3 {
		if charClass[s[i]]&charClass[s[i+1]]&isHex == 0 || i < 15 && s[i+2] != ':' {
			return 0, false
		}
		v = v<<8 | uint64(hexValue(s[i]))<<4 | uint64(hexValue(s[i+1]))
	}
	return v, true
}

// dotted scans an IPv4 address.
func (l *lexer) dotted(v *Value, n *Notation) bool {
	s := l.src[l.pos:]
	*n = IPv4
	var a uint64
	i := 0
	for octet := range 4 {
		if octet > 0 {
			if i >= len(s) || s[i] != '.' {
				break
			}
			i++
		}
		start, o := i, uint64(0)
		for i < len(s) && i-start < 3 && charClass[s[i]]&isDigit != 0 {
			o = o*10 + uint64(s[i]-'0')
			i++
		}
		if i == start || o > 255 || s[start] == '0' && i > start+1 {
			break
		}
		a = a<<8 | o
		if octet == 3 && (i == len(s) || charClass[s[i]]&isIdent == 0) {
			l.pos += i
			*v = U(a)
			return true
		}
	}
	l.pos += l.run(0, isIdent)
	return false
}
