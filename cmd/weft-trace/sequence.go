package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/lflow/trace"
)

// quoting stands between an ICMP error and the datagram that it quotes.
const quoting = " quoting "

// packets makes the packet of a microflow and, if there is one, the datagram
// that it quotes, which only connection tracking looks at.
func (s *settings) packets(n *trace.Network, microflow string) (p, quoted *trace.Packet, err error) {
	if at := strings.LastIndex(microflow, quoting); s.conntrack && at >= 0 {
		if quoted, err = n.Microflow(microflow[at+len(quoting):]); err != nil {
			return nil, nil, fmt.Errorf("quoted datagram: %w", err)
		}
		microflow = microflow[:at]
	}
	p, err = n.Microflow(microflow)
	return p, quoted, err
}

// command does what a line says of connections, if it is such a line.
func (s *settings) command(w io.Writer, line string, ct *trace.Conntrack) bool {
	words := strings.Fields(line)
	if ct == nil || len(words) == 0 || len(words) > 2 {
		return false
	}
	switch {
	case words[0] == "flush" && len(words) == 2:
		ct.FlushZone(words[1])
	case words[0] == "flush":
		ct.Flush(func(trace.Connection) bool { return true })
	case line == "dump":
		for _, c := range ct.Connections() {
			fmt.Fprintln(w, c)
		}
	default:
		return false
	}
	return true
}

// question reads NAME[/TYPE].
func question(text string) (q trace.Question, err error) {
	q.Name, q.Type, _ = strings.Cut(text, "/")
	if types := []string{"", "A", "AAAA", "PTR", "ANY"}; !slices.Contains(types, q.Type) {
		return q, fmt.Errorf("--dns: %q is none of A, AAAA, PTR and ANY", q.Type)
	}
	return q, nil
}
