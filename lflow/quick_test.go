package lflow

import "testing"

func TestQuick(t *testing.T) {
	e := And(Eq(Inport, "p1"), Eq(EthSrc, MAC{0x40, 0x44, 0, 0, 0, 1}), Eq(ARPOp, 1), Bool(VlanPresent))
	t.Log(e)
	for _, s := range []string{`ip4.src == {1.2.3.4, 10.0.0.0/8} && !vlan.present`, `tcp.dst == {80, 443}`, `1 < vlan.pcp <= 4`, `nd_ns && nd.target == fe80::1`} {
		x, err := ParseMatch(s, nil)
		if err != nil {
			t.Fatal(s, err)
		}
		t.Log(x, "|", x.Canonical(), "|", Annotate(x).Canonical())
	}
	as, err := ParseActions(`eth.dst = eth.src; eth.src = 00:00:00:00:00:01; arp.op = 2; arp.tpa = arp.spa; arp.spa = 10.0.0.1; outport = inport; flags.loopback = 1; output;nd_na { outport = "x"; output; }; reg0[11]=lookup_fdb(inport, eth.src); next; next(pipeline=egress,table=3); ip.ttl--; arp{};`, Place{Ingress, 10, 36}, nil)
	t.Log(as, err)
	t.Log(as.Prerequisite())
}
