package lflow

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
)

// TestActionTable: every row's example is what the row says it is.
func TestActionTable(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range ActionTable() {
		if row.Level < 1 || row.Level > LanguageLevel {
			t.Errorf("%s: level %d", row.Name, row.Level)
		}
		if row.Form != Operator && (seen[row.Name] || (row.parse == nil) == (row.parseResult == nil) || (row.parse == nil) != (row.Form == Result)) {
			t.Errorf("%s: two rows, or not exactly the parser of its form", row.Name)
		}
		seen[row.Name] = true
		as, err := ParseActions(row.Example, Place{Pipeline: Ingress, Table: 3}, nil)
		if err != nil || len(as) != 1 {
			t.Errorf("%s: example %s: %v", row.Name, row.Example, err)
			continue
		}
		if as.String() != row.Example {
			t.Errorf("%s: example %s is printed as %s", row.Name, row.Example, as)
		}
		if reflect.TypeOf(as[0]) != reflect.TypeOf(row.Zero) {
			t.Errorf("%s: example %s is a %T", row.Name, row.Example, as[0])
		}
	}
}

// TestNextAcross: how far a jump may go depends on the pipeline that it goes to.
func TestNextAcross(t *testing.T) {
	from := map[Pipeline]Place{
		Ingress: {Pipeline: Ingress, Table: 3, Tables: IngressStages},
		Egress:  {Pipeline: Egress, Table: 3, Tables: EgressStages},
	}
	for pipeline, at := range from {
		for _, to := range []Pipeline{Ingress, Egress} {
			last := IngressStages - 1
			if to == Egress {
				last = EgressStages - 1
			}
			for table := range 256 {
				text := fmt.Sprintf("next(pipeline=%s, table=%d);", to, table)
				if _, err := ParseActions(text, at, nil); (err == nil) != (table <= last) {
					t.Errorf("in %s: %s: %v", pipeline, text, err)
				}
			}
		}
	}
	if _, err := ParseActions("reject { next(pipeline=ingress, table=34); };", from[Egress], nil); err != nil {
		t.Error(err)
	}
}

// TestBuild: what constructors build prints as what the parser reads.
func TestBuild(t *testing.T) {
	mac := MAC{0x40, 0x44, 0, 0, 0, 1}
	for _, c := range []struct {
		e    *Expr
		want string
	}{
		{And(Eq(Inport, "p1"), Eq(EthSrc, mac)), `inport == "p1" && eth.src == 40:44:00:00:00:01`},
		{And(Bool(VlanPresent)), "vlan.present"},
		{And(), "1"},
		{Or(), "0"},
		{And(Eq(ARPOp, 1), nil, Or(Eq(Inport, "a"), Eq(Outport, "b", "c"))), `arp.op == 1 && (inport == "a" || outport == "b" || outport == "c")`},
		{Not(And(Bool(EthMcast), Eq(Reg(0), 1))), "!eth.mcast || reg0 != 1"},
		{Compare(TCPDst, LE, 1023), "tcp.dst <= 1023"},
		{Ne(TCPDst, 1, 2), "tcp.dst != {1, 2}"},
		{Eq(Reg(0).Bit(15), 1), "reg0[15]"},
		{Eq(IP4Src, Masked(Value{Lo: 0x0a000000}, Value{Lo: 0xff0000ff})), "ip4.src == 0xa000000/0xff0000ff"},
		{Eq(IP4Src, netip.MustParsePrefix("10.0.0.0/8"), netip.MustParseAddr("1.2.3.4")), "ip4.src == {10.0.0.0/8, 1.2.3.4}"},
		{Ne(IP6Dst, netip.MustParsePrefix("fe80::/64")), "ip6.dst != fe80::/64"},
		{Resident("cr-lrp"), `is_chassis_resident("cr-lrp")`},
	} {
		if got := c.e.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		again, err := ParseMatch(c.want, nil)
		if err != nil || again.Canonical() != c.e.Canonical() {
			t.Errorf("%s reads as %v (%v), not as %s", c.want, again, err, c.e.Canonical())
		}
	}
	as := Actions{SetTo(EthSrc, mac), Move{EthDst, EthSrc}, Set{FlagsLoopback, ConstantOf(1)}, SetTo(Outport, "_MC_flood"), Next{}, Next{Jump: true, Table: 4}}
	want := `eth.src = 40:44:00:00:00:01; eth.dst = eth.src; flags.loopback = 1; outport = "_MC_flood"; next; next(4);`
	if as.String() != want {
		t.Errorf("got %s, want %s", as, want)
	}
}

// TestAnswerFromEgress: only an answer can be for another port than the packet.
func TestAnswerFromEgress(t *testing.T) {
	at := Place{Pipeline: Egress, Table: 3, Tables: 18}
	const answer = "reject { outport <-> inport; next(pipeline=ingress, table=5); };"
	if as, err := ParseActions(answer, at, nil); err != nil || as.String() != answer {
		t.Errorf("%s: %v, %v", answer, as, err)
	}
	for _, bad := range []string{"outport <-> inport; next;", answer + " outport = \"p\";", "clone { outport = inport; output; };"} {
		if _, err := ParseActions(bad, at, nil); err == nil {
			t.Errorf("%s is accepted in egress", bad)
		}
	}
}
