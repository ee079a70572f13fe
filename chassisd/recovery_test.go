package chassisd

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/prometheus/client_golang/prometheus"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/schema/sb"
)

func (h *hv) flows() string {
	h.f.t.Helper()
	return h.Ofctl("dump-flows", "--no-stats")
}

func (h *hv) statusNow() (s *proto.StatusResponse) {
	h.f.t.Helper()
	if err := h.agent.do(context.Background(), func() { s = h.agent.status() }); err != nil {
		h.f.t.Fatal(err)
	}
	return s
}

func (h *hv) hasProblem(text string) bool {
	for _, p := range h.statusNow().Problems {
		if strings.Contains(p.Reason, text) {
			return true
		}
	}
	return false
}

// oneHV is a hypervisor with vm1 up.
func oneHV(t *testing.T) (*fabric, *hv) {
	t.Helper()
	f := newFabric(t)
	h := f.hv(1)
	h.Eventually("br-int", func() bool { return slices.Contains(h.Bridges(), "br-int") })
	h.vm("vm1", 11)
	f.network()
	f.sync(h)
	h.Eventually("ovn-installed", func() bool { return h.installed("vm1") != "" })
	return f, h
}

// installed is the time at which the interface was marked, "" if it is not.
func (h *hv) installed(iface string) string {
	h.f.t.Helper()
	if h.Vsctl("--if-exists", "get", "interface", iface, "external_ids:ovn-installed") != `"true"` {
		return ""
	}
	return h.Vsctl("get", "interface", iface, "external_ids:ovn-installed-ts")
}

// TestSwitchRestart: all flows are put back, and only then is the interface
// marked again.
func TestSwitchRestart(t *testing.T) {
	f, h := oneHV(t)
	before, mark := h.flows(), h.installed("vm1")
	claim := f.get(sb.RecordKey("hv1", "Port_Binding", portID("vm1")))
	h.KillVswitchd()
	h.StartVswitchd()
	h.Eventually("a new mark", func() bool { m := h.installed("vm1"); return m != "" && m != mark })
	if after := h.flows(); after != before {
		t.Errorf("flows before\n%s\nafter\n%s", before, after)
	}
	if again := f.get(sb.RecordKey("hv1", "Port_Binding", portID("vm1"))); again == nil || *again != *claim {
		t.Errorf("claim was %v, is %v", *claim, again)
	}
}

// TestDatabaseRestart: a restart of ovsdb-server is no event.
func TestDatabaseRestart(t *testing.T) {
	f, h := oneHV(t)
	before := h.flows()
	h.KillDB()
	h.Eventually("the loss", func() bool { return h.statusNow().State == proto.State_STATE_FAILED })
	h.StartDB()
	h.Eventually("the return", func() bool { return h.statusNow().State == proto.State_STATE_OK })
	h.vm("vm2", 12)
	h.Eventually("vm2", func() bool { return h.installed("vm2") != "" })
	f.sync(h)
	if after := h.flows(); !strings.Contains(after, "in_port=11") || !strings.Contains(before, "in_port=11") {
		t.Errorf("flows before\n%s\nafter\n%s", before, after)
	}
}

// TestEtcdAway: the agent goes on with what it has; a port that comes
// meanwhile works at once and is claimed later; an agent that starts meanwhile
// touches nothing.
func TestEtcdAway(t *testing.T) {
	f, h := oneHV(t)
	f.etcd.Stop()
	h.vm("vm2", 12)
	h.Eventually("vm2 to work", func() bool { return h.installed("vm2") != "" })
	h.wants("in_port=11,dl_dst=00:00:00:00:00:02", []string{"output:12"})
	before := h.flows()
	h.stop()
	h.start()
	h.Eventually("the agent", func() bool {
		for _, p := range h.statusNow().Parts {
			if p.Name == "vswitch" {
				return p.State == proto.State_STATE_OK
			}
		}
		return false
	})
	if after := h.flows(); after != before {
		t.Errorf("flows before\n%s\nafter\n%s", before, after)
	}
	f.etcd.Start()
	h.Eventually("vm2's claim", func() bool {
		v := f.get(sb.RecordKey("hv1", "Port_Binding", portID("vm2")))
		return v != nil && strings.Contains(*v, `"up":true`)
	})
	f.sync(h)
	if after := h.flows(); after != before {
		t.Errorf("flows before\n%s\nafter\n%s", before, after)
	}
}

// TestEtcdRestored: etcd is put back to what it was before a port was claimed. The
// claim comes again, and the status tells of nothing later than what there is.
func TestEtcdRestored(t *testing.T) {
	f, h := oneHV(t)
	f.put(port("vm2", 2, nil))
	f.sync(h)
	f.etcd.Stop()
	backup := f.etcd.Backup()
	f.etcd.Start()
	const later = "/later" // tells whether etcd is the older one
	for range 20 {
		f.put(map[string]*string{later: str("")})
	}
	claim := sb.RecordKey("hv1", "Port_Binding", portID("vm2"))
	claimed := func() bool { v := f.get(claim); return v != nil && strings.Contains(*v, `"up":true`) }
	h.vm("vm2", 12)
	h.Eventually("the claim", claimed)
	f.sync(h)
	f.etcd.Stop()
	f.etcd.Restore(backup)
	f.etcd.Start()
	if f.get(later) != nil {
		t.Fatal("etcd has what came after the backup")
	}
	h.Eventually("the claim", claimed)
	f.cfg++ // not that of the backup
	f.sync(h)
	res, err := f.c.Get(t.Context(), sb.StatusKey("hv1"))
	if err != nil {
		t.Fatal(err)
	}
	if s := h.status(); s.View > res.Header.Revision || s.Claimed > res.Header.Revision {
		t.Errorf("etcd is at revision %d, the status says %+v", res.Header.Revision, s)
	}
	if h.hasProblem("second agent") {
		t.Error("somebody is blamed")
	}
}

// TestLearnedFlowsStay: what the switch learns in the tables that are for it is not
// drift; anywhere else it is.
func TestLearnedFlowsStay(t *testing.T) {
	f, h := oneHV(t)
	for _, table := range append(lower.LearnTables(), lower.TableLogIngress) {
		h.Ofctl("add-flow", fmt.Sprintf("table=%d,idle_timeout=600,priority=7777,ip,metadata=5,actions=set_field:1->reg10", table))
	}
	learned := func(table uint8) bool {
		return strings.Contains(h.Ofctl("dump-flows", fmt.Sprintf("table=%d", table)), "priority=7777")
	}
	h.Eventually("drift to be mended", func() bool { return !learned(lower.TableLogIngress) })
	h.vm("vm2", 12)
	f.sync(h)
	for _, table := range lower.LearnTables() {
		if !learned(table) {
			t.Errorf("what was learned in table %d is gone", table)
		}
	}
}

// TestBadConfiguration: what is wrong is said, and mended without a restart.
func TestBadConfiguration(t *testing.T) {
	f := newFabric(t)
	h := f.hv(1)
	chassis := sb.RecordKey("hv1", "Chassis", chassisUUID("hv1"))
	h.Eventually("the record", func() bool { return f.get(chassis) != nil })
	f.sync(h)
	h.Vsctl("remove", "open", ".", "external_ids", "ovn-encap-ip")
	h.Eventually("the problem", func() bool { return h.hasProblem("ovn-encap-ip: is not set") })
	h.Vsctl("set", "open", ".", "external_ids:ovn-encap-ip=10.0.0.77", "external_ids:ovn-encap-type=geneve,stt")
	h.Eventually("another problem", func() bool { return h.hasProblem(`"stt" is not known`) && !h.hasProblem("ovn-encap-ip") })
	h.Eventually("the new address", func() bool {
		res, err := f.c.Get(t.Context(), sb.RecordsOf("hv1")+"Encap/", clientv3.WithPrefix())
		return err == nil && len(res.Kvs) == 1 && strings.Contains(string(res.Kvs[0].Value), "10.0.0.77")
	})
	h.Vsctl("set", "open", ".", "external_ids:system-id=other")
	h.Eventually("the name", func() bool { return h.hasProblem(`changed from "hv1" to "other"`) })
	f.cfg++
	f.sync(h)
	if s := h.status(); len(s.Errors) == 0 {
		t.Error("nothing is said in etcd")
	}
}

// TestAnswersNeighbours: a solicitation goes to the agent and its answer back
// out of the port that it came from.
func TestAnswersNeighbours(t *testing.T) {
	f, h := oneHV(t)
	tx := filepath.Join(h.Dir, "tx.pcap")
	h.Vsctl("set", "interface", "vm1", "options:tx_pcap="+tx)
	chunk := string(sb.EncodeFlows([]sb.Flow{{
		Pipeline: sb.Ingress, Table: 1, Priority: 100,
		Match: "nd_ns && nd.target == fd00::12",
		Actions: `nd_na { eth.src = 40:44:00:00:00:12; ip6.src = fd00::12; nd.target = fd00::12; nd.tll = 40:44:00:00:00:12; ` +
			`outport = inport; flags.loopback = 1; output; };`,
	}}))
	f.put(map[string]*string{flowPrefix + dp1.String() + "/nd": &chunk})
	f.sync(h)

	h.Appctl("netdev-dummy/receive", "vm1", hex.EncodeToString(packettest.Solicitation(t)))
	var answer gopacket.Packet
	h.Eventually("an answer", func() bool {
		answer = lastPacket(tx)
		return answer != nil && answer.Layer(layers.LayerTypeICMPv6NeighborAdvertisement) != nil
	})
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(h.agent.Collector())
	families, err := reg.Gather()
	if err != nil || len(families) != len(metrics())+len(h.agent.duties.Figures())+1 {
		t.Errorf("%d metrics, %v", len(families), err)
	}
	for _, m := range families {
		// Of each change that is in the switch it is known how long it took.
		if v := m.GetMetric()[0].GetCounter().GetValue(); strings.HasPrefix(m.GetName(), "weft_chassisd_flow_changes_") && v <= 0 {
			t.Errorf("%s is %v", m.GetName(), v)
		}
	}

	na := answer.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
	eth := answer.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	ip := answer.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	icmp := answer.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if got := fmt.Sprint(eth.SrcMAC, eth.DstMAC, ip.SrcIP, ip.DstIP, na.TargetAddress, na.Options[0]); got !=
		"40:44:00:00:00:12 40:44:00:00:00:01 fd00::12 fd00::1 fd00::12 ICMPv6Option(TargetAddress:40:44:00:00:00:12)" {
		t.Errorf("answer %s", got)
	}
	icmp.SetNetworkLayerForChecksum(ip)
	if err, r := icmp.VerifyChecksum(); err != nil || !r.Valid {
		t.Errorf("checksum %+v, %v", r, err)
	}
}

// TestHowLongChangesTake: a change counts from when it came, also one that no
// row makes.
func TestHowLongChangesTake(t *testing.T) {
	f, h := oneHV(t)
	h.clock.stop()
	f.pair()
	h.vm("vm3", 13)
	h.Eventually("a bit to be set", func() bool { return strings.Contains(h.flows(), "set_field:0x1000005->metadata") })
	f.sync(h)
	before := h.changes()
	h.clock.ahead.Add(int64(10 * time.Hour))
	h.Eventually("it to be matched", func() bool {
		h.clock.ahead.Add(int64(bits.Grace))
		return strings.Contains(h.flows(), "metadata=0x1000000/0x1000000")
	})
	f.sync(h)
	if c := h.changes(); c.n == before.n || c.took-before.took > time.Hour {
		t.Errorf("%d changes took %s", c.n-before.n, c.took-before.took)
	}
}

func (h *hv) changes() (c changes) {
	h.f.t.Helper()
	if err := h.agent.do(h.f.t.Context(), func() { c = h.agent.updates.changes }); err != nil {
		h.f.t.Fatal(err)
	}
	return c
}

// lastPacket reads the last packet of a capture, nil where there is none.
func lastPacket(path string) (p gopacket.Packet) {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	r, err := pcapgo.NewReader(file)
	if err != nil {
		return nil
	}
	for {
		b, _, err := r.ReadPacketData()
		if err != nil {
			return p
		}
		p = gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.Default)
	}
}
