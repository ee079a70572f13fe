package chassisd

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/chassisd/internal/etcdtest"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// fabric is an etcd in which a test plays northd.
type fabric struct {
	t    *testing.T
	etcd *etcdtest.Server
	c    *clientv3.Client
	cfg  int64
}

func newFabric(t *testing.T) *fabric {
	t.Helper()
	s := etcdtest.Start(t)
	return &fabric{t: t, etcd: s, c: s.Client()}
}

var (
	dp1 = schema.NameUUID("dp1")
	mc1 = schema.NameUUID("mc1")
)

func portID(name string) schema.UUID { return schema.NameUUID("port", name) }

// row encodes a row as northd writes it.
func row(table string, r schema.Row) *string {
	s := string(schema.EncodeRow(sb.Schema().Table(table), r, func(c *schema.Column) bool { return c.Owner != schema.OwnerChassis }))
	return &s
}

func sbKey(table string, id schema.UUID, more ...string) string {
	return strings.Join(append([]string{sb.Prefix + table, id.String()}, more...), "/")
}

// put writes keys with a new nb_cfg.
func (f *fabric) put(kvs map[string]*string) int64 {
	f.t.Helper()
	f.cfg++
	b, err := json.Marshal(sb.Compiled{NBRevision: f.cfg, NBCfg: f.cfg})
	if err != nil {
		f.t.Fatal(err)
	}
	s := string(b)
	kvs[compiledKey] = &s
	etcdtest.Put(f.t, f.c, kvs)
	return f.cfg
}

// port are the keys of a port and of its membership in the flood group.
func port(name string, key int64, options map[string]string) map[string]*string {
	empty := ""
	return map[string]*string{
		sbKey("Port_Binding", portID(name)): row("Port_Binding", &sb.PortBinding{
			LogicalPort: name, Datapath: dp1, TunnelKey: key, Options: options,
		}),
		sbKey("Multicast_Group", mc1, "ports", portID(name).String()): &empty,
	}
}

// network makes a switch with vm1 (key 1) and vm2 (key 2): what is sent to
// 00:00:00:00:00:0n goes to vm<n>, all else to everybody.
func (f *fabric) network() int64 {
	kvs := map[string]*string{
		sbKey("Datapath_Binding", dp1): row("Datapath_Binding", &sb.DatapathBinding{TunnelKey: 5, ExternalIDs: map[string]string{"name": "n"}}),
		sbKey("Multicast_Group", mc1):  row("Multicast_Group", &sb.MulticastGroup{Datapath: dp1, Name: "_MC_flood", TunnelKey: 32768}),
	}
	flows := []sb.Flow{
		{Pipeline: sb.Ingress, Table: 0, Priority: 0, Match: "1", Actions: "next;", Stage: "ls_in_check_port_sec"},
		{Pipeline: sb.Ingress, Table: 1, Priority: 0, Match: "1", Actions: `outport = "_MC_flood"; output;`, Stage: "ls_in_l2_lkup"},
		{Pipeline: sb.Egress, Table: 0, Priority: 0, Match: "1", Actions: "output;", Stage: "ls_out_check_port_sec"},
	}
	for n := range 2 {
		name := fmt.Sprintf("vm%d", n+1)
		for k, v := range port(name, int64(n+1), nil) {
			kvs[k] = v
		}
		flows = append(flows, sb.Flow{
			Pipeline: sb.Ingress, Table: 1, Priority: 50, Stage: "ls_in_l2_lkup", Hint: portID(name),
			Match: fmt.Sprintf("eth.dst == 00:00:00:00:00:0%d", n+1), Actions: fmt.Sprintf("outport = %q; output;", name),
		})
	}
	chunk := string(sb.EncodeFlows(flows))
	kvs[flowPrefix+dp1.String()+"/base"] = &chunk
	return f.put(kvs)
}

func (f *fabric) get(key string) *string {
	f.t.Helper()
	res, err := f.c.Get(context.Background(), key)
	if err != nil {
		f.t.Fatal(err)
	}
	if len(res.Kvs) == 0 {
		return nil
	}
	s := string(res.Kvs[0].Value)
	return &s
}

// hv is a hypervisor: a private Open vSwitch and an agent.
type hv struct {
	*ovstest.Switch
	f     *fabric
	name  string
	agent *Agent
	stop  func()
	logs  *lines
	clock clock

	release func()
}

// clock is the agent's: it can go ahead of the right one, and be stopped.
type clock struct{ ahead, stopped atomic.Int64 }

func (c *clock) now() time.Time {
	now := time.Now()
	if at := c.stopped.Load(); at != 0 {
		now = time.Unix(0, at)
	}
	return now.Add(time.Duration(c.ahead.Load()))
}

func (c *clock) stop() { c.stopped.Store(time.Now().UnixNano()) }

func (c *clock) goOn() { c.stopped.Store(0) }

func (f *fabric) hv(n int) *hv {
	f.t.Helper()
	name := fmt.Sprintf("hv%d", n)
	h := &hv{f: f, name: name, Switch: ovstest.Start(f.t,
		"system-id="+name, "hostname="+name+".example", "ovn-encap-type=geneve", fmt.Sprintf("ovn-encap-ip=10.0.0.%d", n),
		"ovn-remote=etcd:"+f.etcd.URL(), "ovn-bridge-datapath-type=netdev")}
	h.start()
	return h
}

// lines is a log that shows up where a test fails.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (h *hv) start() {
	h.f.t.Helper()
	h.logs = &lines{}
	t, logs := h.f.t, h.logs
	a := New(Config{
		OVS: h.DB(), RunDir: h.Dir, Hostname: "localhost", Check: true,
		Log: slog.New(slog.NewTextHandler(logs, nil)), Now: h.clock.now, Release: h.release,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); a.Run(ctx) }()
	h.agent = a
	h.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		if s := logs.b.String(); strings.Contains(s, "level=ERROR") {
			t.Errorf("%s: %s", h.name, s)
		} else if t.Failed() {
			t.Logf("%s: %s", h.name, s)
		}
	})
	t.Cleanup(h.stop)
}

func (h *hv) vm(name string, ofport int) {
	h.f.t.Helper()
	h.Vsctl("add-port", "br-int", name, "--", "set", "interface", name, "external_ids:iface-id="+name, fmt.Sprintf("ofport_request=%d", ofport))
}

// status is what the agent says of itself in etcd.
func (h *hv) status() (s sb.Status) {
	h.f.t.Helper()
	res, err := h.f.c.Get(context.Background(), sb.StatusKey(h.name))
	if err != nil {
		h.f.t.Fatal(err)
	}
	for _, kv := range res.Kvs {
		if s, err = sb.ParseStatus(kv.Value, kv.ModRevision); err != nil {
			h.f.t.Fatal(err)
		}
	}
	return s
}

// sync waits as `ovn-nbctl --wait=hv sync` does.
func (f *fabric) sync(hvs ...*hv) {
	f.t.Helper()
	cfg := f.put(map[string]*string{})
	hvs[0].Eventually(fmt.Sprintf("nb_cfg %d on all", cfg), func() bool {
		var claimed int64
		view := int64(1 << 62)
		for _, h := range hvs {
			s := h.status()
			if s.NBCfg < cfg {
				return false
			}
			claimed, view = max(claimed, s.Claimed), min(view, s.View)
		}
		return view >= claimed
	})
}

func (h *hv) trace(packet string) string { return h.Appctl("ofproto/trace", "br-int", packet) }

func (h *hv) ofport(iface string) string { return h.Vsctl("get", "interface", iface, "ofport") }

// wants fails unless the trace of a packet holds all of want and none of not.
func (h *hv) wants(packet string, want []string, not ...string) {
	h.f.t.Helper()
	out := h.trace(packet)
	for _, w := range want {
		if !strings.Contains(out, w) {
			h.f.t.Errorf("%s: %s: no %q in\n%s", h.name, packet, w, out)
		}
	}
	for _, n := range not {
		if strings.Contains(out, n) {
			h.f.t.Errorf("%s: %s: %q in\n%s", h.name, packet, n, out)
		}
	}
}

func (h *hv) counters() (c ofctrl.Status) {
	h.f.t.Helper()
	if err := h.agent.do(context.Background(), func() { c = h.agent.of.Status() }); err != nil {
		h.f.t.Fatal(err)
	}
	return c
}

// TestTwoHypervisors is the first ping, without the ping: two agents, each
// with its own switch, and packets traced from one to the other.
func TestTwoHypervisors(t *testing.T) {
	f := newFabric(t)
	h1, h2 := f.hv(1), f.hv(2)
	for _, h := range []*hv{h1, h2} {
		h.Eventually("br-int", func() bool { return slices.Contains(h.Bridges(), "br-int") })
	}
	h1.vm("vm1", 11)
	h2.vm("vm2", 12)
	f.network()
	f.sync(h1, h2)
	h1.Eventually("the tunnel", func() bool { return h1.Vsctl("--if-exists", "get", "interface", "ovn-hv2-0", "ofport") != "[]" })
	f.sync(h1, h2)

	t1, t2 := h1.ofport("ovn-hv2-0"), h2.ofport("ovn-hv1-0")
	toVM2 := []string{"set_field:0x5->tun_id", "set_field:0x2->tun_metadata0", "output:" + t1}
	h1.Eventually("the remote port's flow", func() bool { return strings.Contains(h1.trace("in_port=11,dl_dst=00:00:00:00:00:02"), toVM2[1]) })
	h1.wants("in_port=11,dl_dst=00:00:00:00:00:02", toVM2)
	h1.wants("in_port=11,dl_dst=ff:ff:ff:ff:ff:ff", []string{"set_field:0x8000->tun_metadata0", "output:" + t1}, "output:11")
	h2.wants("in_port="+t2+",tun_id=5,tun_metadata0=0x10002", []string{"output:12"})
	h2.wants("in_port="+t2+",tun_id=5,tun_metadata0=0x18000", []string{"output:12"}, "output:"+t2+"\n")

	// What OVN's users look at.
	for iface, h := range map[string]*hv{"vm1": h1, "vm2": h2} {
		h.Eventually("ovn-installed", func() bool {
			return strings.Contains(h.Vsctl("get", "interface", iface, "external_ids"), `ovn-installed="true"`)
		})
		if v := f.get(sb.RecordKey(h.name, "Port_Binding", portID(iface))); v == nil || !strings.Contains(*v, `"up":true`) {
			t.Errorf("claim of %s: %v", iface, v)
		}
	}
	if got := h1.Vsctl("get", "port", "ovn-hv2-0", "external_ids"); !strings.Contains(got, `ovn-chassis-id="hv2@10.0.0.2"`) {
		t.Errorf("tunnel port: %s", got)
	}
	if got := h1.Vsctl("get", "interface", "ovn-hv2-0", "options"); got != `{csum="true", key=flow, remote_ip="10.0.0.2"}` {
		t.Errorf("tunnel options: %s", got)
	}
	if got := h1.Vsctl("get", "bridge", "br-int", "external_ids"); !strings.Contains(got, "ct-zone-vm1=") {
		t.Errorf("bridge: %s", got)
	}
	var st *proto.StatusResponse
	if err := h1.agent.do(context.Background(), func() { st = h1.agent.status() }); err != nil || st.State != proto.State_STATE_OK {
		t.Errorf("status %v, %v", st, err)
	}

	// The agent is killed and comes back: nothing is sent to the switch, and
	// nothing claimed again.
	before := h1.Ofctl("dump-flows", "--no-stats")
	res, err := f.c.Get(t.Context(), sb.RecordKey("hv1", "Port_Binding", portID("vm1")))
	if err != nil || len(res.Kvs) != 1 {
		t.Fatal(res, err)
	}
	rev := res.Kvs[0].ModRevision
	ids := h1.Vsctl("get", "interface", "vm1", "external_ids")
	h1.stop()
	h1.start()
	f.sync(h1, h2)
	if c := h1.counters(); c.FlowAdds+c.FlowDeletes != 0 {
		t.Errorf("after a restart %d flows added, %d deleted", c.FlowAdds, c.FlowDeletes)
	}
	if after := h1.Ofctl("dump-flows", "--no-stats"); after != before {
		t.Errorf("flows before\n%s\nafter\n%s", before, after)
	}
	if res, err := f.c.Get(t.Context(), sb.RecordKey("hv1", "Port_Binding", portID("vm1"))); err != nil || res.Kvs[0].ModRevision != rev {
		t.Errorf("the claim was written again: %v %v", res, err)
	}
	if got := h1.Vsctl("get", "interface", "vm1", "external_ids"); got != ids {
		t.Errorf("the interface's ids were %s, are %s", ids, got)
	}

	// The VM moves.
	h1.DeletePort("vm1")
	h2.vm("vm1", 21)
	h2.Eventually("the claim to move", func() bool {
		return f.get(sb.RecordKey("hv1", "Port_Binding", portID("vm1"))) == nil && f.get(sb.RecordKey("hv2", "Port_Binding", portID("vm1"))) != nil
	})
	f.sync(h1, h2)
	h2.wants("in_port=12,dl_dst=00:00:00:00:00:01", []string{"output:21"}, "tun_metadata0")
	if flows := h1.Ofctl("dump-flows", "--no-stats"); strings.Contains(flows, "metadata=0x5") {
		t.Errorf("the datapath is not local to hv1 any more, but there are\n%s", flows)
	}

	// The other chassis goes for good.
	h2.stop()
	clean := New(Config{OVS: h2.DB(), RunDir: h2.Dir})
	if err := clean.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	h1.Eventually("the tunnel to go", func() bool { return !slices.Contains(h1.Ports(), "ovn-hv2-0") })
	if res, err := f.c.Get(t.Context(), sb.RecordsOf("hv2"), clientv3.WithPrefix()); err != nil || len(res.Kvs) > 0 {
		t.Errorf("after cleanup: %v %v", res, err)
	}
	if got := strings.Join(h2.Ports(), " "); strings.Contains(got, "ovn-") {
		t.Errorf("after cleanup: %s", got)
	}
}
