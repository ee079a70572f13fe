package chassisd

import (
	"strconv"
	"testing"

	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestInstalledIsProved: a port is marked when the chassis that has another of its
// network knows the way back; one that does not answer in time is not waited for
// again before it does.
func TestInstalledIsProved(t *testing.T) {
	f, h := oneHV(t)
	kvs := chassisKeys("hv2", "10.0.0.2")
	up := true
	claim := string(schema.EncodeRow(sb.Schema().Table("Port_Binding"), &sb.PortBinding{Up: &up}, func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis }))
	kvs[sb.RecordKey("hv2", "Port_Binding", portID("vm2"))] = &claim
	f.put(kvs)
	h.Eventually("the tunnel", func() bool { return h.Vsctl("--if-exists", "get", "interface", "ovn-hv2-0", "ofport") > "0" })
	tunnel, err := strconv.Atoi(h.ofport("ovn-hv2-0"))
	if err != nil {
		t.Fatal(err)
	}
	h.Eventually("the way to vm2", func() bool {
		near := 0
		if err := h.agent.do(t.Context(), func() { near = len(h.agent.t.Near(dp1)) }); err != nil {
			t.Fatal(err)
		}
		return near == 1
	})
	h.clock.stop()
	start := func(name string, key int) {
		f.put(port(name, int64(key), nil))
		h.vm(name, 10+key)
		h.Eventually("the claim of "+name, func() bool { return f.get(sb.RecordKey("hv1", "Port_Binding", portID(name))) != nil })
	}
	marked := func(name string) func() bool { return func() bool { return h.installed(name) != "" } }
	start("vm3", 3)
	h.agent.prover.answers <- physical.RemotePort{Datapath: 5, Key: 4, Tunnel: uint32(tunnel)} // of another port
	h.agent.prover.answers <- physical.RemotePort{Datapath: 5, Key: 3, Tunnel: 999}            // from nowhere
	if marked("vm3")() {
		t.Error("vm3 is marked before hv2 knows the way")
	}
	h.agent.prover.answers <- physical.RemotePort{Datapath: 5, Key: 3, Tunnel: uint32(tunnel)}
	h.Eventually("vm3", marked("vm3"))

	start("vm4", 4)
	if marked("vm4")() {
		t.Error("vm4 is marked before hv2 knows the way")
	}
	h.clock.ahead.Add(int64(proofPatience))
	h.clock.goOn()
	h.Eventually("vm4", marked("vm4"))
	h.clock.stop()
	start("vm5", 5)
	h.Eventually("vm5, without hv2", marked("vm5"))
	h.agent.prover.answers <- physical.RemotePort{Datapath: 5, Key: 5, Tunnel: uint32(tunnel)}
	start("vm6", 6)
	if marked("vm6")() {
		t.Error("hv2 has answered, and is not waited for")
	}
}
