package lflow

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
	"unicode/utf8"
)

// seeds are texts that use most of the language.
var matchSeeds = []string{
	"1", "0", "!1", "ip4 && tcp.dst == {80, 443}", `inport == "a\u0062c" && !vlan.present`,
	"1 < vlan.pcp <= 4", "ip4.src != {10.0.0.0/8, $set1} && ip6.dst == ff02::1/ff02::ffff",
	"eth.src == 01:00:00:00:00:00/01:00:00:00:00:00 || !(ip4.mcast || ct.new)",
	`is_chassis_resident("eth1") && inport == @pg1`, "reg0[3..7] >= 0x5 && xxreg1[64..127] == 0xfedcba9876543210",
	"tcp.flags[0] && nd_ns && !(ct_label.label > 5) /* why */ // end", "((((0))))", "192.168.0.1/255.0.255.0 == ip4.dst",
}

// FuzzParseMatch: nothing panics or explodes, errors lie within the text,
// print and parse agree, and all phases mean the same for random packets.
func FuzzParseMatch(f *testing.F) {
	for _, s := range matchSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		defer time.AfterFunc(5*time.Second, func() { panic("takes for ever: " + text) }).Stop()
		e, err := ParseMatch(text, vectorOptions())
		if err != nil {
			checkError(t, text, err)
			return
		}
		for _, s := range []string{e.String(), e.Canonical()} {
			again, err := ParseMatch(s, vectorOptions())
			if err != nil {
				t.Fatalf("%q is printed as %q: %v", text, s, err)
			}
			if again.Canonical() != e.Canonical() {
				t.Fatalf("%q is printed as %q, which reads as %q", text, s, again.Canonical())
			}
		}
		a := Annotate(e)
		simple := Simplify(a, vectorResident)
		nf, err := Normalize(a, vectorResident)
		if err != nil {
			checkError(t, text, err)
			return
		}
		ms, _, err := nf.Matches(func(_ *Symbol, name string) (uint64, bool) { k, ok := vectorPorts[name]; return uint64(k), ok }, 1)
		if err != nil {
			checkError(t, text, err)
			return
		}
		r := rand.New(rand.NewPCG(uint64(len(text)), 1))
		for range 20 {
			p := packetNear(r, ms)
			want := Evaluate(e, p)
			if Evaluate(a, p) != want || Evaluate(simple, p) != want || evaluateFlows(ms, p) != want {
				t.Fatalf("%q on %v: evaluated %v, annotated %v, simplified %v, flows %v\n%s", text, p, want,
					Evaluate(a, p), Evaluate(simple, p), evaluateFlows(ms, p), describeFlows(ms))
			}
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: error %v is not an *Error", text, err)
	}
	if e.Pos > len(text) || e.Pos < -1 || e.Msg == "" || e.Code == "" || !utf8.ValidString(e.Msg) {
		t.Fatalf("%q: strange error %#v", text, e)
	}
}

var actionSeeds = []string{
	"", "drop;", "next;", "next(pipeline=egress, table=5);", "output; /* x */ next(11);",
	`eth.dst = eth.src; eth.src = 00:00:00:00:00:01; arp.op = 2; arp.tha = arp.sha; outport = inport; flags.loopback = 1; output;`,
	`nd_na { eth.src = 12:34:56:78:9a:bc; nd.tll = 12:34:56:78:9a:bc; outport = ""; output; };`,
	"reg0[11] = lookup_fdb(inport, eth.src); put_fdb(inport, eth.src); outport = get_fdb(eth.dst);",
	"clone { ip.ttl--; clone { output; }; }; ct_clear; ct_next(snat);", "vlan.pcp = 4/4; reg0 <-> reg1; xxreg0[3..10] = 0x5;",
	"reg0[15] = check_in_port_sec(); reg0[0] = check_out_port_sec();", "icmp4.frag_mtu = 1500;",
}

// FuzzParseActions: nothing panics or explodes, errors lie within the text,
// and print and parse agree.
func FuzzParseActions(f *testing.F) {
	for _, s := range actionSeeds {
		f.Add(s, uint8(10), false)
	}
	for _, row := range ActionTable() {
		f.Add(row.Example, uint8(10), false)
	}
	f.Fuzz(func(t *testing.T, text string, table uint8, egress bool) {
		at := Place{Pipeline: Ingress, Table: int(table) % 35, Tables: 35}
		if egress {
			at.Pipeline = Egress
		}
		as, err := ParseActions(text, at, nil)
		if err != nil {
			checkError(t, text, err)
			return
		}
		again, err := ParseActions(as.String(), at, nil)
		if err != nil || again.String() != as.String() {
			t.Fatalf("%q is printed as %q, which reads as %q (%v)", text, as, again, err)
		}
		if p := as.Prerequisite(); p != nil {
			if _, err := Normalize(Expand(p), vectorResident); err != nil {
				checkError(t, text, err)
			}
		}
	})
}
