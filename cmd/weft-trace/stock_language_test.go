package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// random returns a generator, and how many texts it is to make of each kind:
// WEFT_TEXTS, and WEFT_SEED chooses others.
func random(t *testing.T) (g *generator, number int) {
	seed := uint64(1)
	number = 1000
	for name, v := range map[string]func(uint64){"WEFT_TEXTS": func(n uint64) { number = int(n) }, "WEFT_SEED": func(n uint64) { seed = n }} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.ParseUint(text, 10, 31)
			if err != nil {
				t.Fatal(err)
			}
			v(n)
		}
	}
	return &generator{rand.New(rand.NewPCG(seed, 0))}, number
}

// TestMatchesLikeStock: random matches are accepted or refused, and are true or
// not of random packets, as in ovn-trace.
func TestMatchesLikeStock(t *testing.T) {
	const action = "eth.dst = 00:00:00:00:00:99;"
	g, number := random(t)
	matches := faults()
	for len(matches) < number {
		matches = append(matches, g.match(3))
	}
	s := newStock(t)
	s.switches(len(matches), func(i int) (string, string) { return matches[i], action })
	judge := s.daemon()
	refused := judge.refused("expression")
	var packets []string
	var theirs []bool // whether ovn-trace says that they match
	var of []int      // which match they are for
	for i, m := range matches {
		_, err := lflow.ParseMatch(m, nil)
		if strict := stricter(err); (err != nil) != refused[m] && !strict {
			t.Errorf("%s: %v, in ovn-trace refused: %v", m, err, refused[m])
		}
		if err != nil || refused[m] {
			continue
		}
		for range 12 {
			packet := fmt.Sprintf("inport == \"p%d\"%s", i, g.packet())
			answer := judge.ask("trace", "--minimal", fmt.Sprint("sw", i), packet)
			if !strings.HasPrefix(answer, "# ") {
				t.Fatalf("%s: %s", packet, answer)
			}
			packets, of, theirs = append(packets, packet), append(of, i), append(theirs, strings.Contains(answer, action))
		}
	}
	answers := strings.Split(weftTrace(t, strings.Join(packets, "\n")+"\n", "--db="+s.remote(), "--minimal", "-"), ".\n")
	if len(answers) != len(packets)+1 {
		t.Fatalf("%d answers to %d packets", len(answers), len(packets))
	}
	yes := 0
	for i, packet := range packets {
		if theirs[i] {
			yes++
		}
		if got := strings.Contains(answers[i], action); got != theirs[i] || !strings.HasPrefix(answers[i], "# ") {
			t.Errorf("%s: %v for %s, in ovn-trace %v", matches[of[i]], got, packet, theirs[i])
		}
	}
	t.Logf("%d matches, %d of them refused; %d packets, %d of them matched", len(matches), len(refused), len(packets), yes)
	if yes < len(packets)/10 || yes > len(packets)*9/10 {
		t.Error("the packets say too little about the matches")
	}
}

// switches commits n switches, sw0 to swN, each with one port, pN, and with one
// flow that has a match and actions.
func (s *stock) switches(n int, flow func(i int) (match, actions string)) {
	s.t.Helper()
	for i := range n {
		id := fmt.Sprint("sw", i)
		s.insert("Datapath_Binding", id, fields{"tunnel_key": i + 1, "external_ids": stringMap("name", id)})
		s.insert("Port_Binding", "p-"+id, fields{"logical_port": fmt.Sprint("p", i), "datapath": named(id), "tunnel_key": 1, "type": ""})
		match, actions := flow(i)
		s.flow(id, "ingress", 0, 1, match, actions, "ls_in_zero")
		if i%100 == 99 || i == n-1 { // what the length of an argument allows
			s.commit()
			s.ops = s.ops[:1]
		}
	}
}

// TestActionsLikeStock: assignments of random constants and fields to random
// fields, and selections, are accepted or refused as in ovn-trace.
func TestActionsLikeStock(t *testing.T) {
	g, number := random(t)
	actions := []string{"reg0[0..14] = select(1, 2);", "reg0[0..15] = select(1, 2);", "reg0 = select(1, 65536);", "next(28);", "reg0 = 0X1F;", "reg0 = 1/0x123;",
		`ct_lb(backends=10.0.0.5; hash_fields="tp_src,tp_dst");`, "ip.ttl[0..7] = 5;", "reg0 = ::1.2.3.4/::ffff:ffff;", "icmp4.frag_mtu[0..15] = 1500;"}
	for len(actions) < number {
		actions = append(actions, g.action())
	}
	s := newStock(t)
	s.switches(len(actions), func(i int) (string, string) { return "1", actions[i] })
	refused := s.daemon().refused("actions")
	for _, a := range actions {
		_, err := lflow.ParseActions(a, lflow.Place{Pipeline: lflow.Ingress}, nil)
		if (err != nil) != refused[a] && !stricter(err) {
			t.Errorf("%s: %v, in ovn-trace refused: %v", a, err, refused[a])
		}
	}
	t.Logf("%d actions, %d of them refused", len(actions), len(refused))
}

// stricter tells whether an error is for what only weft refuses: OVN cuts off
// what does not fit into some bits of a field, and takes a mask for a field of
// which a switch can match or set no single bits.
func stricter(err error) bool {
	var e *lflow.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == lflow.CodeValue && strings.Contains(e.Msg, "does not fit into") && strings.HasSuffix(e.Msg, "]") ||
		e.Code == lflow.CodeType && strings.HasPrefix(e.Msg, "nominal field") &&
			(strings.HasSuffix(e.Msg, "cannot be compared with a masked constant") || strings.HasSuffix(e.Msg, "can only be assigned as a whole"))
}

// faults are matches that weft once read in another way than OVN.
func faults() []string {
	return []string{
		"reg0 == 0X5", "reg0 == 0X5/0XF", "reg0 == 1/0x123", "reg0 == 0x1/3", "reg0 == 0/0x12", "ip4.src == 10.0.0.1/0xff",
		"eth.type[0..15] == 0x800", "ip.proto[0..7] == 6", "ip4[0]", "!ip.ttl[0..7]",
		"!(vlan.pcp)", "!(vlan.pcp && reg0)", "!(!vlan.pcp)", "!!vlan.pcp", "!!ip.is_frag", "!(ip.proto)",
		"ip4.src == ::10.0.0.1/::ffff:ffff", "ip4.src == ::/0", "ip4.src == ::10.0.0.1/96", "tcp.dst == 0.0.0.80/0.0.255.255",
		"ip4.src[0..7] == 0.0.0.5", "eth.src[0..15] == 00:00:00:00:11:22",
		"!ip.first_frag", "!ip.is_frag", "!ip.later_frag", "!ip4.src_mcast", "!(ip.first_frag || reg0[2])", "ip.is_frag == 0",
	}
}

// generator makes texts at random.
type generator struct{ *rand.Rand }

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

// term is a field and its width in bits; nominal ones have no subfields.
type term struct {
	name    string
	width   int
	nominal bool
}

func terms() []term {
	return []term{
		{"reg0", 32, false}, {"xreg1", 64, false}, {"xxreg1", 128, false}, {"flags", 32, false}, {"eth.src", 48, false}, {"eth.type", 16, true},
		{"vlan.tci", 16, false}, {"vlan.pcp", 3, false}, {"vlan.vid", 12, false}, {"ip.proto", 8, true}, {"ip.ttl", 8, true}, {"ip.dscp", 6, true},
		{"ip.frag", 2, false}, {"ip4.src", 32, false}, {"ip4.dst", 32, false}, {"ip6.src", 128, false}, {"ip6.dst", 128, false},
		{"arp.op", 16, true}, {"arp.spa", 32, false}, {"tcp.src", 16, false}, {"tcp.dst", 16, false}, {"udp.dst", 16, false},
		{"icmp4.type", 8, true}, {"nd.target", 128, false}, {"eth.mcast", 1, false},
	}
}

// match returns a match with at most so many levels of operators.
func (g *generator) match(depth int) string {
	if depth > 0 && g.IntN(3) > 0 {
		switch g.IntN(4) {
		case 0:
			return "!(" + g.match(depth-1) + ")"
		case 1:
			return "(" + g.match(depth-1) + ")"
		}
		var parts []string
		for range 2 + g.IntN(2) {
			part := g.match(depth - 1)
			if strings.ContainsAny(part, "&|") && g.IntN(10) > 0 {
				part = "(" + part + ")"
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, pick(g, " && ", " && ", " || "))
	}
	if g.IntN(4) == 0 {
		return pick(g, "", "", "", "!", "!", "!", "!!") + pick(g, "ip4", "ip6", "ip", "tcp", "nd", "arp", "vlan.present", "eth.bcast", "eth.mcastv6", "ip.is_frag",
			"ip.later_frag", "ip.first_frag", "ip4.mcast", "ip4.src_mcast", "ip6.mcast", "ip6.mcast_rsvd", "ip6.mcast_flood", "0", "1") +
			pick(g, "", "", "", "[0]", " == 0", " != 1", " == 1", "[0..0]")
	}
	f := pick(g, terms()...)
	if f.nominal && g.IntN(2) == 0 { // a negation around it is an error
		f = pick(g, terms()...)
	}
	name, width := g.bits(f)
	if g.IntN(5) == 0 {
		return pick(g, "", "!", "!", "!", "!", "!!") + name
	}
	rel := pick(g, "==", "==", "==", "!=", "<", ">=")
	if f.nominal && g.IntN(8) > 0 {
		rel = "=="
	}
	c := g.constant(width)
	switch g.IntN(8) {
	case 0:
		return c + " " + rel + " " + name
	case 1:
		return fmt.Sprintf("%s %s {%s, %s}", name, rel, c, g.constant(width))
	case 2:
		return fmt.Sprintf("%s <= %s < %s", c, name, g.constant(width))
	}
	return name + " " + rel + " " + c
}

// bits returns the field, or some of its bits or all of them, and the width.
func (g *generator) bits(f term) (name string, width int) {
	name, width = f.name, f.width
	switch g.IntN(4) {
	case 0:
		name = fmt.Sprintf("%s[0..%d]", name, width-1)
	case 1:
		lo := g.IntN(f.width)
		hi := min(lo+pick(g, 0, 3, 7, 15, 31, 127), f.width-1+g.IntN(40)/39)
		if f.nominal && g.IntN(4) > 0 {
			lo, hi = 0, width-1
		}
		name, width = fmt.Sprintf("%s[%d..%d]", name, lo, hi), hi-lo+1
	}
	return name, width
}

// action returns an action that changes a field.
func (g *generator) action() string {
	name, width := g.bits(pick(g, terms()...))
	switch g.IntN(8) {
	case 0:
		return fmt.Sprintf("%s = select(%d, %d=%d);", name, g.number(width), g.number(16), pick(g, 1, 100, 65535, 65536, 0))
	case 1:
		other, _ := g.bits(pick(g, terms()...))
		return name + pick(g, " = ", " <-> ") + other + ";"
	}
	return name + " = " + g.constant(width) + ";"
}

// interesting are numbers that packets have in their fields too.
var interesting = []uint64{0, 1, 2, 5, 6, 17, 58, 64, 80, 0x123, 0x800, 0x806, 0x86dd, 0x1005, 0x3000, 0x0a000001, 0xe0000001, 0x020000000001, 0x01005e000001, 0x333300000001}

// number returns a number that has at most width bits, mostly.
func (g *generator) number(width int) uint64 {
	v := pick(g, interesting...)
	if width < 64 && g.IntN(12) > 0 {
		v &= 1<<width - 1
	}
	return v
}

// constant returns a constant for width bits in any notation, and sometimes with
// a mask, in mostly the same notation.
func (g *generator) constant(width int) string {
	notation := g.IntN(5)
	if g.IntN(3) > 0 || width < 32 && g.IntN(4) > 0 {
		notation = g.IntN(2)
	}
	text := g.written(g.number(width), notation)
	switch g.IntN(5) {
	case 0:
		if g.IntN(4) == 0 {
			notation = g.IntN(5)
		}
		return text + "/" + g.written(pick(g, g.number(width), 1<<min(width, 63)-1), notation)
	case 1:
		if notation < 2 && g.IntN(3) > 0 {
			break
		}
		return text + "/" + pick(g, "0", "8", "24", "32", "33", "112", "128", "129", "0x12", "0XF", "255")
	}
	return text
}

// written writes v in a notation that can hold it, the given one if possible.
func (g *generator) written(v uint64, notation int) string {
	upper := func(s string) string {
		if g.IntN(2) == 0 {
			return strings.ToUpper(s)
		}
		return s
	}
	switch {
	case notation == 0:
		return fmt.Sprint(v)
	case notation == 2 && v < 1<<32:
		return fmt.Sprintf("%d.%d.%d.%d", v>>24, v>>16&255, v>>8&255, v&255)
	case notation == 3 && v < 1<<48:
		return upper(fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", v>>40, v>>32&255, v>>24&255, v>>16&255, v>>8&255, v&255))
	case notation == 4 && v < 1<<32 && g.IntN(2) == 0:
		return fmt.Sprintf("::%d.%d.%d.%d", v>>24, v>>16&255, v>>8&255, v&255)
	case notation == 4:
		return upper(fmt.Sprintf("::%x:%x:%x:%x", v>>48, v>>32&0xffff, v>>16&0xffff, v&0xffff))
	}
	return pick(g, "0x", "0X") + pick(g, "", "0") + upper(fmt.Sprintf("%x", v))
}

// packet returns what a microflow says beside its port.
func (g *generator) packet() string {
	kind := pick(g, "eth.type == 0x1234", "arp && arp.op == 1", "arp", "ip4 && tcp", "ip4 && udp", "ip4 && icmp4.type == 5", "ip4 && ip.proto == 99",
		"ip4 && ip.frag == 1", "ip4 && ip.frag == 3 && tcp", "ip6 && tcp", "ip6 && udp", "ip6 && ip.frag == 1", "ip6 && ip.frag == 3", "nd_ns")
	var b strings.Builder
	b.WriteString(" && " + kind)
	for _, f := range terms() {
		layer, _, _ := strings.Cut(f.name, ".")
		has := slices.Contains([]string{"reg0", "xreg1", "xxreg1", "flags", "eth"}, layer) || strings.Contains(kind, layer) && layer != "ip"
		switch f.name {
		case "eth.type", "arp.op", "icmp4.type", "xreg1", "eth.mcast", "vlan.tci":
			has = false
		case "ip.ttl":
			has = strings.HasPrefix(kind, "ip")
		case "vlan.pcp", "vlan.vid":
			has = kind != "arp"
		case "nd.target":
			has = kind == "nd_ns"
		}
		if has && g.IntN(3) > 0 {
			v := g.number(f.width)
			if f.width < 64 {
				v &= 1<<f.width - 1
			}
			fmt.Fprintf(&b, " && %s == %#x", f.name, v)
		}
	}
	return b.String()
}

// traceDaemon is a running ovn-trace, which has read the database once.
type traceDaemon struct {
	*stock
	conn net.Conn
	in   *json.Decoder
}

// daemon starts an ovn-trace.
func (s *stock) daemon() *traceDaemon {
	s.run("ovn-trace", "--db="+s.remote(), "--detach", "--no-chdir", "--pidfile="+s.path("trace.pid"), "--unixctl="+s.path("trace.ctl"),
		"--log-file="+s.path("trace.log"), "-vconsole:off")
	s.killAtEnd("trace.pid")
	conn, err := net.Dial("unix", s.path("trace.ctl"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	return &traceDaemon{s, conn, json.NewDecoder(conn)}
}

// ask runs a command and returns its result, be it an error.
func (d *traceDaemon) ask(method string, params ...string) string {
	d.t.Helper()
	if err := json.NewEncoder(d.conn).Encode(map[string]any{"id": 0, "method": method, "params": params}); err != nil {
		d.t.Fatal(err)
	}
	var reply struct{ Result, Error *string }
	if err := d.in.Decode(&reply); err != nil {
		d.t.Fatal(err)
	}
	if reply.Error != nil {
		return *reply.Error
	}
	return *reply.Result
}

// refused returns the texts that ovn-trace could not read: as "expression" the
// matches, or the "actions".
func (d *traceDaemon) refused(what string) map[string]bool {
	log, err := os.ReadFile(d.path("trace.log"))
	if err != nil {
		d.t.Fatal(err)
	}
	refused := map[string]bool{}
	for line := range strings.SplitSeq(string(log), "\n") {
		if m, _, ok := strings.Cut(line, ": parsing "+what+" failed"); ok {
			_, m, _ = strings.Cut(m, "ovntrace|WARN|")
			refused[m] = true
		}
	}
	return refused
}
