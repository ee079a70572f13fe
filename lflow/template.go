package lflow

import (
	"net/netip"
	"strconv"
	"strings"
)

// Template variables are words of a logical flow that each chassis has its own values
// of: ^name, where name is one of the chassis's row of Chassis_Template_Var, ovn-nb(5).
// A flow with any is not in the language until they have been replaced (Expand).
//
// A match that begins with
//
//	each(list; port) && …
//
// is that of one flow for each address in a list of backends, "address", "address:port"
// or "[IPv6 address]:port", separated by commas, in which ^each.ip and ^each.port stand
// for it. Port, which may be left out, is that of backends without. It is weft's own.

// Template is an action as text, with template variables in it. It is written out, and
// cannot be encoded.
type Template string

func (a Template) Append(b []byte) []byte           { return append(b, a...) }
func (a Template) Prerequisites(es []*Expr) []*Expr { return es }

// Texts are the match and the actions of a flow.
type Texts struct{ Match, Actions string }

// IsVariable tells whether a template variable can have a name.
func IsVariable(name string) bool {
	l := lexer{src: name}
	return name != "" && charClass[name[0]]&isIdent1 != 0 && l.ident() == name && !strings.HasPrefix(name, "each.")
}

// HasVariables tells whether there are template variables in a text.
func HasVariables(text string) bool {
	found := false
	eachVariable(text, func(int, string) { found = true })
	return found
}

// eachVariable calls f with the variables of a text and where they are, but for those in
// strings.
func eachVariable(text string, f func(at int, name string)) {
	if strings.IndexByte(text, '^') < 0 {
		return // as in almost all
	}
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		case text[i] == '^' && !quoted && i+1 < len(text) && charClass[text[i+1]]&isIdent1 != 0:
			l := lexer{src: text, pos: i + 1}
			name := l.ident()
			f(i, name)
			i += len(name)
		}
	}
}

// Expand replaces the template variables of a flow, which makes any number of flows of
// it. Where a variable has no value, or is empty, there is none, and missing names it.
func (f Texts) Expand(value func(name string) (string, bool)) (all []Texts, missing string) {
	if !HasVariables(f.Match) && !HasVariables(f.Actions) {
		return []Texts{f}, ""
	}
	x := expansion{value: value}
	list, rest, each := cutEach(f.Match)
	if !each {
		all = append(all, Texts{x.replace(f.Match), x.replace(f.Actions)})
	} else {
		seen := map[Texts]bool{}
		x.each(x.replace(list), func() {
			one := Texts{x.replace(rest), x.replace(f.Actions)}
			if !seen[one] {
				seen[one] = true
				all = append(all, one)
			}
		})
	}
	if x.missing != "" {
		return nil, x.missing
	}
	return all, ""
}

// Each returns the match of flows for each of a list of backends.
func Each(list, port, match string) string {
	if port != "" {
		list += "; " + port
	}
	return eachPrefix + list + eachSuffix + match
}

const eachPrefix, eachSuffix = "each(", ") && "

func cutEach(match string) (list, rest string, ok bool) {
	if rest, ok = strings.CutPrefix(match, eachPrefix); !ok {
		return "", match, false
	}
	return strings.Cut(rest, eachSuffix)
}

// expansion is the expansion of a flow.
type expansion struct {
	value    func(name string) (string, bool)
	ip, port string // of the backend
	missing  string
}

// replace returns a text with values in place of variables. It goes little beyond what
// can be parsed.
func (x *expansion) replace(text string) string {
	var b []byte
	from := 0
	eachVariable(text, func(at int, name string) {
		if len(b) > MaxLength {
			return
		}
		b = append(append(b, text[from:at]...), x.of(name)...)
		from = at + 1 + len(name)
	})
	if from == 0 {
		return text
	}
	return string(append(b, text[from:]...))
}

// of is the value of a variable.
func (x *expansion) of(name string) (v string) {
	switch name {
	case "each.ip":
		v = x.ip
	case "each.port":
		v = x.port
	default:
		v, _ = x.value(name)
	}
	if v == "" && x.missing == "" {
		x.missing = name
	}
	return v
}

// each calls f for each backend of a list. What is none is left out: the flow that has
// the list as backends says what is wrong with it.
func (x *expansion) each(list string, f func()) {
	list, port, _ := strings.Cut(list, "; ")
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		if a, err := netip.ParseAddr(text); err == nil {
			x.ip, x.port = a.String(), port
		} else if at, err := netip.ParseAddrPort(text); err == nil {
			x.ip, x.port = at.Addr().String(), strconv.Itoa(int(at.Port()))
		} else {
			continue
		}
		f()
	}
	x.ip, x.port = "", ""
}
