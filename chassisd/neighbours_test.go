package chassisd

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestNeighbours: what one agent learns is a record of its own, from which every
// agent that has the router makes flows; it outlives a restart, and goes with its
// port.
func TestNeighbours(t *testing.T) {
	f := newFabric(t)
	h1, h2 := f.hv(1), f.hv(2)
	router, kind := schema.NameUUID("router"), "logical-router"
	kvs := map[string]*string{
		sbKey("Datapath_Binding", router): row("Datapath_Binding", &sb.DatapathBinding{TunnelKey: 6, Type: &kind}),
		sbKey("Port_Binding", portID("n-r")): row("Port_Binding", &sb.PortBinding{
			LogicalPort: "n-r", Type: "patch", Datapath: dp1, TunnelKey: 9, Options: map[string]string{"peer": "r-n"},
		}),
		sbKey("Port_Binding", portID("r-n")): row("Port_Binding", &sb.PortBinding{
			LogicalPort: "r-n", Type: "patch", Datapath: router, TunnelKey: 1, Options: map[string]string{"peer": "n-r"},
		}),
	}
	toRouter := string(sb.EncodeFlows([]sb.Flow{
		{Pipeline: sb.Ingress, Table: 1, Priority: 60, Match: "arp.op == 2", Actions: `outport = "n-r"; output;`, Stage: "ls_in_l2_lkup"},
	}))
	learn := string(sb.EncodeFlows([]sb.Flow{{
		Pipeline: sb.Ingress, Table: 0, Priority: 60, Match: `inport == "r-n" && arp.op == 2`, Stage: "lr_in_learn_neighbor",
		Actions: "put_arp(inport, arp.spa, arp.sha);",
	}}))
	kvs[flowPrefix+dp1.String()+"/router"], kvs[flowPrefix+router.String()+"/learn"] = &toRouter, &learn
	for _, h := range []*hv{h1, h2} {
		h.Eventually("br-int", func() bool { return slices.Contains(h.Bridges(), "br-int") })
	}
	h1.vm("vm1", 11)
	h2.vm("vm2", 12)
	f.network()
	f.put(kvs)
	f.sync(h1, h2)

	const flow = "table=90, priority=100,reg0=0xa000009,reg15=0x1,metadata=0x6/0xffffff actions=set_field:40:44:00:00:00:09->eth_dst"
	mac := packet.MAC{0x40, 0x44, 5: 9}
	reply := packet.ARP{Op: packet.ARPReply, SHA: mac, SPA: netip.MustParseAddr("10.0.0.9"), TPA: netip.MustParseAddr("10.0.0.1")}.
		Append(packet.Ethernet{Src: mac, Dst: packet.MAC{5: 1}, Type: packet.TypeARP}.Append(nil))
	h1.Appctl("netdev-dummy/receive", "vm1", hex.EncodeToString(reply))
	for _, h := range []*hv{h1, h2} {
		h.Eventually("the neighbour's flow", func() bool { return strings.Contains(h.flows(), flow) })
	}
	key := sb.RecordKey("hv1", "MAC_Binding", schema.NameUUID("MAC_Binding", "r-n", "10.0.0.9"))
	first := f.get(key)
	if first == nil || !strings.Contains(*first, `"mac":"40:44:00:00:00:09"`) {
		t.Fatalf("record %v", first)
	}

	h1.stop()
	h1.start()
	f.sync(h1, h2)
	if now := f.get(key); now == nil || *now != *first {
		t.Errorf("after a restart: %v", now)
	}
	for _, h := range []*hv{h1, h2} {
		if !strings.Contains(h.flows(), flow) {
			t.Errorf("%s: the neighbour's flow is gone", h.name)
		}
	}

	f.put(map[string]*string{sbKey("Port_Binding", portID("r-n")): nil})
	h1.Eventually("the end of the record", func() bool { return f.get(key) == nil })
	f.sync(h1, h2)
	for _, h := range []*hv{h1, h2} {
		if strings.Contains(h.flows(), flow) {
			t.Errorf("%s: a neighbour of a port that is gone", h.name)
		}
	}
}
