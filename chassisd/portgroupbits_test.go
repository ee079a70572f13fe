package chassisd

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestPortGroupBits: a port group of which packets may be on their way gets its
// bit, and flows that give it to those packets for a while; it keeps the bit over
// a restart, and gives it back.
func TestPortGroupBits(t *testing.T) {
	f, h := oneHV(t)
	const (
		matched = "reg11=0x10000/0x10000,metadata=0x5/0xffffff,nw_dst=10.0.0.9"
		named   = "reg14=0x1,metadata=0x5/0xffffff,nw_dst=10.0.0.9"
		mend    = "table=8, priority=65535,reg11=0/0x10000,reg14=0x2,metadata=0x5/0xffffff actions=set_field:0x10000/0x10000->reg11,resubmit(,8)"
	)
	// The bit stands above the datapath's zone.
	set := regexp.MustCompile(`set_field:0x1[0-9a-f]{4}->reg11`)
	vm2 := regexp.MustCompile(`in_port=12 .*set_field:0x1[0-9a-f]{4}->reg11`)
	h.vm("vm2", 12)
	h.Eventually("vm2", func() bool { return strings.Contains(h.flows(), "in_port=12") })
	h.clock.stop()
	group, empty := schema.NameUUID("5_web"), ""
	acl := string(sb.EncodeFlows([]sb.Flow{{Pipeline: sb.Ingress, Priority: 9, Match: "inport == @web && ip4.dst == 10.0.0.9", Actions: "drop;"}}))
	member := func(vm string) string { return sbKey("Port_Group", group, "ports", vm) }
	f.put(map[string]*string{
		sbKey("Port_Group", group): row("Port_Group", &sb.PortGroup{Name: "5_web"}),
		member("vm1"):              &empty, member("vm2"): &empty,
		flowPrefix + dp1.String() + "/acl": &acl,
	})
	h.Eventually("the bit to be set", func() bool {
		flows := h.flows()
		if strings.Contains(flows, named) {
			t.Errorf("port by port:\n%s", flows)
		}
		return len(set.FindAllString(flows, -1)) == 6 && strings.Contains(flows, mend) && strings.Contains(flows, matched)
	})
	h.clock.goOn()
	h.Eventually("packets without the bit to be gone", func() bool { return !strings.Contains(h.flows(), mend) })
	if flows := h.flows(); !strings.Contains(flows, matched) {
		t.Errorf("not matched:\n%s", flows)
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

// TestNewPortGroup: ACLs of a new port group cost the switch of a running agent
// some flows for each port and some for each ACL, never one for each of both; and
// they hold when the agent says so.
func TestNewPortGroup(t *testing.T) {
	const ports, acls = 200, 100
	f, h := oneHV(t)
	group, empty := schema.NameUUID("5_web"), ""
	network, members := map[string]*string{}, map[string]*string{sbKey("Port_Group", group): row("Port_Group", &sb.PortGroup{Name: "5_web"})}
	add := []string{}
	for i := range ports {
		name := fmt.Sprint("p", i)
		maps.Copy(network, port(name, int64(10+i), nil))
		members[sbKey("Port_Group", group, "ports", name)] = &empty
		add = append(add, "--", "add-port", "br-int", name, "--", "set", "interface", name, "external_ids:iface-id="+name)
	}
	h.Vsctl(add...)
	f.put(network)
	h.Eventually("the ports", func() bool { return strings.Count(h.Ofctl("dump-flows", "--no-stats", "table=0"), "in_port=") >= ports })
	f.sync(h)
	var flows []sb.Flow
	for i := range acls {
		flows = append(flows, sb.Flow{Pipeline: sb.Egress, Priority: 9, Match: fmt.Sprintf("outport == @web && ip4 && tcp.dst == %d", 1000+i), Actions: "drop;"})
	}
	acl := string(sb.EncodeFlows(flows))
	members[flowPrefix+dp1.String()+"/acl"] = &acl
	before := h.counters()
	f.put(members)
	f.sync(h)
	if n := strings.Count(h.flows(), "table=62, priority=9,tcp,reg11=0x10000/0x10000"); n != acls {
		t.Errorf("when the agent has told: %d flows of ACLs match the bit", n)
	}
	h.Eventually("packets without the bit to be gone", func() bool { return !strings.Contains(h.flows(), "priority=65535") })
	after := h.counters()
	// A port's two flows that set the bit, the group that floods, and for a
	// while one that mends; an ACL's own.
	adds, deletes := after.FlowAdds-before.FlowAdds, after.FlowDeletes-before.FlowDeletes
	if most := uint64(3*ports + acls + 10); adds > most || deletes > most {
		t.Errorf("%d flows added, %d deleted, at most %d expected", adds, deletes, most)
	}
	t.Logf("%d ports, %d ACLs: %d flows added, %d deleted", ports, acls, adds, deletes)
}
