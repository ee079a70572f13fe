package lflow

import "strings"

// Tracked returns a match in which protocols and ports are those with which the
// packet's connection began, in place of the packet's own: `udp.dst == 53` becomes
// `ct_udp.dst == 53`. Names are all that changes. ok is false where the match says
// nothing of protocols and ports.
func Tracked(match string) (tracked string, ok bool) {
	var b strings.Builder
	done := 0
	l := lexer{src: match}
	var t token
	for l.next(&t); t.kind != tokEnd; l.next(&t) {
		if t.kind == tokIdent && hasTracked(t.text) {
			b.WriteString(match[done:t.pos])
			b.WriteString("ct_")
			done = t.pos
		}
	}
	if b.Len() == 0 {
		return match, false
	}
	b.WriteString(match[done:])
	return b.String(), true
}

// hasTracked tells whether conntrack knows of a connection what a symbol says of a
// packet.
func hasTracked(name string) bool {
	proto, field, _ := strings.Cut(name, ".")
	return (proto == "tcp" || proto == "udp" || proto == "sctp") && (field == "" || field == "src" || field == "dst")
}
