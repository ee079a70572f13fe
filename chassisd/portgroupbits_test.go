package chassisd

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestPortGroupBits: a port group of which packets may be on their way gets its
// bit in two steps, keeps it over a restart, and gives it back.
func TestPortGroupBits(t *testing.T) {
	f, h := oneHV(t)
	const (
		matched = "reg11=0x10000/0x10000,metadata=0x5/0xffffff,nw_dst=10.0.0.9"
		named   = "reg14=0x1,metadata=0x5/0xffffff,nw_dst=10.0.0.9"
	)
	// The bit stands above the datapath's zone.
	set := regexp.MustCompile(`set_field:0x1[0-9a-f]{4}->reg11`)
	vm2 := regexp.MustCompile(`in_port=12 .*set_field:0x1[0-9a-f]{4}->reg11`)
	h.vm("vm2", 12)
	h.Eventually("vm2", func() bool { return strings.Contains(h.flows(), "in_port=12") })
	group, empty := schema.NameUUID("5_web"), ""
	acl := string(sb.EncodeFlows([]sb.Flow{{Pipeline: sb.Ingress, Priority: 9, Match: "inport == @web && ip4.dst == 10.0.0.9", Actions: "drop;"}}))
	member := func(vm string) string { return sbKey("Port_Group", group, "ports", vm) }
	f.put(map[string]*string{
		sbKey("Port_Group", group): row("Port_Group", &sb.PortGroup{Name: "5_web"}),
		member("vm1"):              &empty, member("vm2"): &empty,
		flowPrefix + dp1.String() + "/acl": &acl,
	})
	h.Eventually("the bit to be set", func() bool { return len(set.FindAllString(h.flows(), -1)) == 6 })
	if flows := h.flows(); !strings.Contains(flows, named) && !strings.Contains(flows, matched) {
		t.Errorf("neither port by port nor matched:\n%s", flows)
	}
	h.Eventually("the bit to be matched", func() bool { return strings.Contains(h.flows(), matched) })
	if flows := h.flows(); strings.Contains(flows, named) {
		t.Errorf("matched and port by port:\n%s", flows)
	}
	const key = portGroupBitPrefix + "web"
	ids := func() string { return h.Vsctl("get", "bridge", "br-int", "external_ids") }
	h.Eventually("the bit to be written", func() bool { return strings.Contains(ids(), key+`="0"`) })
	said := ""
	for _, p := range h.statusNow().Parts {
		if p.Name == "groups" {
			said = fmt.Sprint(p.Values)
		}
	}
	if !strings.Contains(said, "port group web, matched, 1 flows of 2 ports") || !strings.Contains(said, "reg11=0x10000") {
		t.Errorf("status: %s", said)
	}

	f.sync(h)
	h.stop()
	h.start()
	f.sync(h)
	if c := h.counters(); c.FlowAdds+c.FlowDeletes != 0 {
		t.Errorf("after a restart %d flows added, %d deleted", c.FlowAdds, c.FlowDeletes)
	}

	// A port less is that port's flows; with none left the bit is given back.
	f.put(map[string]*string{member("vm2"): nil})
	h.Eventually("vm2 to leave", func() bool {
		flows := h.flows()
		return strings.Contains(flows, matched) && !vm2.MatchString(flows)
	})
	f.put(map[string]*string{member("vm1"): nil})
	h.Eventually("the bit to go", func() bool {
		flows := h.flows()
		return !strings.Contains(ids(), key) && !strings.Contains(flows, matched) && !set.MatchString(flows)
	})
}
