package chassisd

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func dpID(n int) schema.UUID { return schema.NameUUID(fmt.Sprint("far", n)) }

// farNetworks makes switches 100 and up with a port far<n> each, a flow and a
// share in a group; their keys are also their numbers.
func (f *fabric) farNetworks(n int) {
	group, empty := schema.NameUUID("far group"), ""
	shared := string(sb.EncodeFlows([]sb.Flow{{Pipeline: sb.Ingress, Priority: 9, Match: "ip4.dst == 10.0.0.9", Actions: "drop;"}}))
	kvs := map[string]*string{flowPrefix + group.String() + "/lb": &shared}
	for i := 100; i < 100+n; i++ {
		name := fmt.Sprint("far", i)
		flows := string(sb.EncodeFlows([]sb.Flow{
			{Pipeline: sb.Ingress, Table: 0, Match: "1", Actions: "next;"},
			{Pipeline: sb.Ingress, Table: 1, Match: fmt.Sprintf("eth.dst == 00:00:00:00:00:%02x", i), Actions: fmt.Sprintf("outport = %q; output;", name)},
		}))
		kvs[sbKey("Datapath_Binding", dpID(i))] = row("Datapath_Binding", &sb.DatapathBinding{TunnelKey: int64(i)})
		kvs[sbKey("Port_Binding", portID(name))] = row("Port_Binding", &sb.PortBinding{LogicalPort: name, Datapath: dpID(i), TunnelKey: 1})
		kvs[sbKey("Logical_DP_Group", group, "datapaths", dpID(i).String())] = &empty
		kvs[flowPrefix+dpID(i).String()+"/base"] = &flows
	}
	f.put(kvs)
}

// owners counts the datapaths and groups of which the agent has flows.
func (h *hv) owners() int {
	h.f.t.Helper()
	owners := map[schema.UUID]bool{}
	if err := h.agent.do(h.f.t.Context(), func() {
		for p := range h.agent.t.Chunks.All() {
			owners[p.Owner] = true
		}
	}); err != nil {
		h.f.t.Fatal(err)
	}
	return len(owners)
}

// TestInterest: an agent has the flows of the datapaths of its ports, from
// before its waiters are told until a while after the last port has gone.
func TestInterest(t *testing.T) {
	f, h := oneHV(t)
	f.farNetworks(20)
	f.sync(h)
	if n := h.owners(); n != 1 {
		t.Errorf("flows of %d datapaths and groups, want those of dp1", n)
	}
	h.stop()
	h.start()
	f.sync(h)
	if c := h.counters(); c.FlowAdds+c.FlowDeletes != 0 {
		t.Errorf("after a restart %d flows added, %d deleted", c.FlowAdds, c.FlowDeletes)
	}

	for n, name := range []string{"far101", "far107"} {
		h.vm(name, 20+n)
		h.Eventually("ovn-installed", func() bool { return h.installed(name) != "" })
		mine := fmt.Sprintf("metadata=%#x", 101+6*n)
		if flows := h.flows(); strings.Count(flows, mine+"/0xffffff,dl_dst=") != 1 || !strings.Contains(flows, "nw_dst=10.0.0.9") {
			t.Errorf("%s is installed, but its flows are not:\n%s", name, flows)
		}
		if n, want := h.owners(), n+3; n != want {
			t.Errorf("flows of %d datapaths and groups, want %d", n, want)
		}
	}

	// One goes: its flows leave the switch at once, and the agent after a while.
	h.DeletePort("far107")
	h.Eventually("its flows to go", func() bool { return !strings.Contains(h.flows(), "metadata=0x6b") })
	if n := h.owners(); n != 4 {
		t.Errorf("flows of %d datapaths and groups, want 4 for a while", n)
	}
	h.clock.ahead.Store(int64(linger / 2))
	h.vm("far107", 31)
	h.Eventually("it to come back", func() bool { return strings.Contains(h.flows(), "metadata=0x6b/0xffffff,dl_dst=") })
	h.DeletePort("far107")
	h.DeletePort("far101")
	h.Eventually("flows of both to go", func() bool { return !strings.Contains(h.flows(), "nw_dst=10.0.0.9") })
	h.clock.ahead.Store(int64(linger + linger/4))
	f.sync(h)
	if n := h.owners(); n != 4 {
		t.Errorf("flows of %d datapaths and groups, want 4 until the time from the second going is over", n)
	}
	h.clock.ahead.Store(int64(3 * linger))
	h.Eventually("the agent to forget", func() bool { return h.owners() == 1 })

	before := h.flows()
	h.Vsctl("set", "open_vswitch", ".", "external_ids:ovn-monitor-all=true")
	h.Eventually("all flows to be read", func() bool { return h.owners() == 22 })
	f.sync(h)
	if after := h.flows(); after != before {
		t.Errorf("reading all has changed flows, before\n%s\nafter\n%s", before, after)
	}
	h.Vsctl("set", "open_vswitch", ".", "external_ids:ovn-monitor-all=false")
	h.Eventually("not all to be read", func() bool { return h.owners() == 1 })
	f.sync(h)
	if after := h.flows(); after != before {
		t.Errorf("reading less has changed flows, before\n%s\nafter\n%s", before, after)
	}
}

// TestInterestWithoutEtcd: a port whose flows cannot be read does not hold up
// the others, and is not said to be installed.
func TestInterestWithoutEtcd(t *testing.T) {
	f, h := oneHV(t)
	f.farNetworks(1)
	f.sync(h)
	f.etcd.Stop()
	h.vm("far100", 20)
	h.Eventually("the agent to know the port", func() bool { return strings.Contains(h.statusText(), `needed 2`) })
	h.DeletePort("vm1")
	h.vm("vm1", 41)
	h.Eventually("the other port's flows", func() bool { return strings.Contains(h.flows(), "output:41") })
	if h.installed("far100") != "" || strings.Contains(h.flows(), "metadata=0x64") {
		t.Errorf("flows of a datapath that was not read:\n%s", h.flows())
	}
	f.etcd.Start()
	f.c = f.etcd.Client()
	h.Eventually("its flows", func() bool { return strings.Contains(h.flows(), "metadata=0x64/0xffffff,dl_dst=") })
	h.Eventually("ovn-installed", func() bool { return h.installed("far100") != "" })
	f.sync(h)
}

// TestForeignRows: of datapaths that are not followed the tables hold no port, no
// claim and no member of a multicast group, and all of them once they are, however
// they came; and what is kept of them beside the tables is little.
func TestForeignRows(t *testing.T) {
	const switches, ports = 100, 22
	tab := tables.New()
	d := newDecoder(tab)
	have := func(when string, datapaths int) {
		t.Helper()
		tab.Engine.Commit()
		if p, c, m := tab.Ports.Len(), tab.Claims.Len(), tab.GroupPorts.Len(); p != datapaths*ports || c != p || m != 3*p {
			t.Errorf("%s: %d ports, %d claims, %d members of groups; want those of %d datapaths", when, p, c, m, datapaths)
		}
	}
	before := liveHeap()
	for s := range switches {
		d.take(foreignSwitch(s, ports))
	}
	have("nothing is followed", 0)
	// In all tables they are 1,200 bytes; these have 600, of which most are the port
	// group's and the address set's, what each key of members held, and what other
	// tests leave behind.
	if n := int(liveHeap()-before) / switches / ports; n > 750 {
		t.Errorf("%d bytes for a port that is not needed", n)
	}
	first, second := schema.NameUUID("dp", "0"), schema.NameUUID("dp", "1")
	follow := func(b map[schema.UUID]bool) { d.take(&view.Batch{Followed: b}) }
	follow(map[schema.UUID]bool{first: true})
	have("one is followed", 1)
	follow(map[schema.UUID]bool{first: false, second: true})
	d.take(foreignSwitch(0, ports))
	d.take(foreignSwitch(1, ports))
	have("another is followed", 1)

	// A port that an interface asks for is there before its datapath is.
	name := schema.NameUUID("port", "7", "3").String()
	tab.SetInterface(binding.Interface{UUID: "iface", ID: name, Ofport: 1})
	tab.Engine.Commit()
	if p, c := tab.Ports.Len(), tab.Claims.Len(); p != ports+1 || c != p {
		t.Errorf("with a port that is asked for: %d ports, %d claims", p, c)
	}
	if a := tab.Asked.Len(); a != 0 {
		t.Errorf("%d ports are asked for here; it is another chassis's", a)
	}
	tab.DeleteInterface("iface")
	follow(map[schema.UUID]bool{second: false})
	have("nothing is followed any more", 0)
	follow(map[schema.UUID]bool{view.AllDatapaths: true})
	have("all are followed", switches)
	runtime.KeepAlive(d)
}

// TestPortMoves: a port whose row names another datapath waits for the flows of
// that one, before it is said to be installed and after.
func TestPortMoves(t *testing.T) {
	f, h := oneHV(t)
	f.farNetworks(2)
	move := func(dp schema.UUID) {
		f.put(map[string]*string{sbKey("Port_Binding", portID("far100")): row("Port_Binding", &sb.PortBinding{
			LogicalPort: "far100", Datapath: dp, TunnelKey: 1,
		})})
	}
	nowhere := schema.NameUUID("nowhere")
	claimed := func(up bool) func() bool {
		return func() bool {
			v := f.get(sb.RecordKey("hv1", "Port_Binding", portID("far100")))
			return v != nil && strings.Contains(*v, `"up":true`) == up
		}
	}
	move(nowhere)
	h.vm("far100", 20)
	h.Eventually("a claim", claimed(false))
	move(dpID(101))
	h.Eventually("ovn-installed", func() bool { return h.installed("far100") != "" })
	if !strings.Contains(h.flows(), "metadata=0x65/0xffffff,dl_dst=") {
		t.Errorf("installed without its flows:\n%s", h.flows())
	}
	h.Eventually("up", claimed(true))

	move(nowhere)
	h.Eventually("not installed", func() bool { return h.installed("far100") == "" })
	h.Eventually("not up", claimed(false))
	move(dpID(100))
	h.Eventually("ovn-installed", func() bool { return h.installed("far100") != "" })
	h.Eventually("up", claimed(true))
}

// TestReread: what went while the agent could not follow is gone when it reads
// again.
func TestReread(t *testing.T) {
	f, h := oneHV(t)
	f.farNetworks(2)
	h.vm("far100", 20)
	h.Eventually("ovn-installed", func() bool { return h.installed("far100") != "" })
	rereads := func() (n int) {
		if err := h.agent.do(t.Context(), func() { n = h.agent.link.view.State().Rereads }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Usually the first time: the server compacts before the agent is back.
	for before, i := rereads(), 0; rereads() == before && i < 20; i++ {
		f.etcd.Stop()
		f.etcd.Start()
		f.c = f.etcd.Client()
		f.put(map[string]*string{
			sbKey("Port_Binding", portID("far100")): nil, flowPrefix + dpID(100).String() + "/base": nil,
			sb.RecordKey("hv1", "Port_Binding", portID("vm9")): str("{}"),
		})
		res, err := f.c.Get(t.Context(), compiledKey)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.c.Compact(t.Context(), res.Header.Revision); err != nil {
			t.Fatal(err)
		}
		f.sync(h)
	}
	if rereads() == 1 {
		t.Error("nothing was read again")
	}
	f.sync(h)
	h.Eventually("flows to go", func() bool { return !strings.Contains(h.flows(), "metadata=0x64") })
	h.Eventually("a claim of nobody to go", func() bool { return f.get(sb.RecordKey("hv1", "Port_Binding", portID("vm9"))) == nil })
}

func str(s string) *string { return &s }

func (h *hv) statusText() string {
	var b strings.Builder
	for _, p := range h.statusNow().Parts {
		for _, v := range p.Values {
			fmt.Fprintln(&b, p.Name, v.Name, v.Value)
		}
	}
	return b.String()
}
