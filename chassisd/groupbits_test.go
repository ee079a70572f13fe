package chassisd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// pair makes a second switch with vm3, and a group of both with a flow.
func (f *fabric) pair() schema.UUID {
	dp2, group, empty := schema.NameUUID("dp2"), schema.NameUUID("group"), ""
	shared := string(sb.EncodeFlows([]sb.Flow{{Pipeline: sb.Ingress, Priority: 9, Match: "ip4.dst == 10.0.0.9", Actions: "drop;"}}))
	f.put(map[string]*string{
		sbKey("Datapath_Binding", dp2):                              row("Datapath_Binding", &sb.DatapathBinding{TunnelKey: 6}),
		sbKey("Port_Binding", portID("vm3")):                        row("Port_Binding", &sb.PortBinding{LogicalPort: "vm3", Datapath: dp2, TunnelKey: 1}),
		sbKey("Logical_DP_Group", group, "datapaths", dp1.String()): &empty,
		sbKey("Logical_DP_Group", group, "datapaths", dp2.String()): &empty,
		flowPrefix + group.String() + "/lb":                         &shared,
	})
	return group
}

// TestGroupBits: a group of datapaths that packets are on gets its bit in two
// steps, keeps it over a restart, and people can see which it is.
func TestGroupBits(t *testing.T) {
	f, h := oneHV(t)
	const set, matched = "set_field:0x1000005->metadata", "ip,metadata=0x1000000/0x1000000,nw_dst=10.0.0.9"
	group := f.pair()
	h.vm("vm3", 13)
	h.Eventually("the bit to be set", func() bool { return strings.Contains(h.flows(), set) })
	if flows := h.flows(); !strings.Contains(flows, "metadata=0x6/0xffffff,nw_dst=10.0.0.9") && !strings.Contains(flows, matched) {
		t.Errorf("neither expanded nor matched:\n%s", flows)
	}
	h.Eventually("the bit to be matched", func() bool { return strings.Contains(h.flows(), matched) })
	if flows := h.flows(); strings.Contains(flows, "0xffffff,nw_dst=10.0.0.9") || !strings.Contains(flows, set) {
		t.Errorf("matched and expanded:\n%s", flows)
	}
	key := groupBitPrefix + group.String()
	h.Eventually("the bit to be written", func() bool {
		return strings.Contains(h.Vsctl("get", "bridge", "br-int", "external_ids"), key+`="24"`)
	})
	said := ""
	for _, p := range h.statusNow().Parts {
		if p.Name == "groups" {
			said = fmt.Sprint(p.Values)
		}
	}
	if want := "group " + group.String() + ", matched, 1 flows of 2 datapaths"; !strings.Contains(said, want) || !strings.Contains(said, "metadata=0x1000000") {
		t.Errorf("status: %s, want %s", said, want)
	}

	f.sync(h)
	h.stop()
	h.start()
	f.sync(h)
	if c := h.counters(); c.FlowAdds+c.FlowDeletes != 0 {
		t.Errorf("after a restart %d flows added, %d deleted", c.FlowAdds, c.FlowDeletes)
	}

	// One of the datapaths is not here any more: the bit stays.
	h.DeletePort("vm3")
	h.Eventually("the port to go", func() bool { return !strings.Contains(h.flows(), "in_port=13") })
	if flows := h.flows(); !strings.Contains(flows, matched) {
		t.Errorf("with one datapath:\n%s", flows)
	}
	h.DeletePort("vm1")
	h.Eventually("the bit to go", func() bool {
		return !strings.Contains(h.Vsctl("get", "bridge", "br-int", "external_ids"), key) && !strings.Contains(h.flows(), matched)
	})
}

// TestStageElision: the switch turns it off and on.
func TestStageElision(t *testing.T) {
	_, h := oneHV(t)
	// Stage 0 of the switch holds nothing but its default.
	chunk := string(sb.EncodeFlows([]sb.Flow{
		{Pipeline: sb.Ingress, Table: 2, Match: "1", Actions: "next;"}, {Pipeline: sb.Ingress, Table: 3, Match: "1", Actions: "drop;"},
		{Pipeline: sb.Ingress, Table: 1, Priority: 90, Match: "arp", Actions: "next;"},
	}))
	h.f.put(map[string]*string{flowPrefix + dp1.String() + "/more": &chunk})
	passed := func(want bool) func() bool {
		return func() bool {
			return strings.Contains(h.flows(), "priority=90,arp,metadata=0x5/0xffffff actions=resubmit(,11)") == want
		}
	}
	h.Eventually("stage 2 to be passed", passed(true))
	h.Vsctl("set", "open_vswitch", ".", "external_ids:weft-stage-elision=false")
	h.Eventually("stage 2 not to be passed", passed(false))
	h.Vsctl("remove", "open_vswitch", ".", "external_ids", "weft-stage-elision")
	h.Eventually("stage 2 to be passed again", passed(true))
}
