package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store/etcd"
)

// daemon is a northd in this process, on an etcd that outlives it.
type daemon struct {
	t    *testing.T
	dir  string
	stop func()
}

func startEtcd(t *testing.T) *etcd.Server {
	t.Helper()
	s, err := etcd.Start(t.Context(), etcd.Options{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// start runs a northd until stop, and returns when it serves.
func start(t *testing.T, s *etcd.Server, name string) *daemon {
	t.Helper()
	d, ready := launch(t, s, name)
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatal("northd is not ready")
	}
	return d
}

func launch(t *testing.T, s *etcd.Server, name string) (*daemon, <-chan struct{}) {
	t.Helper()
	d := &daemon{t: t, dir: t.TempDir()}
	ready := make(chan struct{}, 8)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Config{
			Name: name, Etcd: strings.Join(s.Endpoints(), ","), Check: true,
			NBListen: "punix:" + d.path("nb"), SBListen: "punix:" + d.path("sb"), Admin: "unix:" + d.path("admin"),
			Log: slog.New(slog.DiscardHandler), Ready: func() { ready <- struct{}{} },
		})
	}()
	stopped := false
	d.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("northd: %v", err)
		}
	}
	t.Cleanup(d.stop)
	return d, ready
}

func (d *daemon) path(name string) string { return filepath.Join(d.dir, name) }

// ctl runs ovn-nbctl ("nb") or ovn-sbctl ("sb"); one must be installed with
// the other.
func (d *daemon) ctl(db string, args ...string) (string, error) {
	c := exec.CommandContext(d.t.Context(), "ovn-"+db+"ctl", append([]string{"--no-leader-only", "--timeout=20", "--db=unix:" + d.path(db)}, args...)...)
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (d *daemon) must(db string, args ...string) string {
	d.t.Helper()
	out, err := d.ctl(db, args...)
	if err != nil {
		d.t.Fatalf("ovn-%sctl %s: %v: %s", db, strings.Join(args, " "), err, out)
	}
	return out
}

// eventually waits for what northd does by itself.
func (d *daemon) eventually(what string, ok func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			d.t.Fatalf("waiting for %s", what)
		}
	}
}

// agent writes what a chassisd would.
type agent struct {
	t    *testing.T
	c    *clientv3.Client
	name string
}

func (a agent) put(key string, v any) int64 {
	a.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	r, err := a.c.Put(a.t.Context(), key, string(b))
	if err != nil {
		a.t.Fatal(err)
	}
	return r.Header.Revision
}

func (a agent) key(table string, id schema.UUID) string {
	return sb.RecordKey(a.name, table, id)
}

func (a agent) chassis() schema.UUID { return schema.NameUUID("Chassis", a.name) }

func (a agent) register(ip string) {
	encap := schema.NameUUID("Encap", a.name, "geneve", ip)
	a.put(a.key("Encap", encap), map[string]any{"type": "geneve", "ip": ip, "chassis_name": a.name})
	a.put(a.key("Chassis", a.chassis()), map[string]any{"name": a.name, "hostname": a.name + ".example", "encaps": []any{encap}})
	a.put(a.key("Chassis_Private", schema.NameUUID("Chassis_Private", a.name)), map[string]any{"name": a.name, "chassis": a.chassis()})
}

func (a agent) claim(port schema.UUID, up bool) int64 {
	return a.put(a.key("Port_Binding", port), map[string]any{"chassis": a.chassis(), "up": up})
}

func (a agent) status(s sb.Status) { a.put(sb.StatusKey(a.name), s) }

func parse(t *testing.T, text string) schema.UUID {
	t.Helper()
	id, err := schema.ParseUUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPortFromIntentToUp(t *testing.T) {
	s := startEtcd(t)
	d := start(t, s, "n1")
	hv1, hv2 := agent{t, s.Client, "hv1"}, agent{t, s.Client, "hv2"}
	hv1.register("10.0.0.1")
	hv2.register("10.0.0.2")
	d.must("sb", "wait-until", "Chassis", "hv2", "hostname=hv2.example")

	d.must("nb", "ls-add", "sw0")
	d.must("nb", "--wait=sb", "lsp-add", "sw0", "p1", "--", "lsp-set-addresses", "p1", "40:44:00:00:00:01 10.0.0.1")
	port := parse(t, d.must("sb", "--bare", "--columns=_uuid", "find", "Port_Binding", "logical_port=p1"))
	if nb := parse(t, d.must("nb", "get", "Logical_Switch_Port", "p1", "_uuid")); nb != port {
		t.Errorf("Port_Binding has UUID %s, its port %s", port, nb)
	}
	if up := d.must("nb", "lsp-get-up", "p1"); up != "down" {
		t.Errorf("unclaimed port is %q", up)
	}
	claimed := hv1.claim(port, true)
	d.must("nb", "wait-until", "Logical_Switch_Port", "p1", "up=true")
	d.must("sb", "wait-until", "Port_Binding", "p1", "up=true", "chassis="+hv1.chassis().String())

	// Both claim: the newer has it, unless the other is asked for, by name or
	// by host name.
	hv2.claim(port, true)
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis="+hv2.chassis().String())
	d.must("nb", "lsp-set-options", "p1", "requested-chassis=hv1")
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis="+hv1.chassis().String())
	d.must("nb", "lsp-set-options", "p1", "requested-chassis=hv2.example")
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis="+hv2.chassis().String())

	// hv_cfg waits for all chassis, and for them to have seen the claim.
	cfg := 0
	fmt.Sscan(d.must("nb", "--print-wait-time", "--wait=sb", "sync", "--", "get", "NB_Global", ".", "nb_cfg"), &cfg)
	fmt.Sscan(d.must("nb", "get", "NB_Global", ".", "nb_cfg"), &cfg)
	hv1.status(sb.Status{NBCfg: int64(cfg), Claimed: claimed, View: claimed})
	d.must("sb", "wait-until", "Chassis_Private", "hv1", fmt.Sprint("nb_cfg=", cfg))
	if hv := d.must("nb", "get", "NB_Global", ".", "hv_cfg"); hv == fmt.Sprint(cfg) {
		t.Error("hv_cfg did not wait for hv2")
	}
	hv2.status(sb.Status{NBCfg: int64(cfg), View: claimed})
	d.must("nb", "wait-until", "NB_Global", ".", fmt.Sprint("hv_cfg=", cfg))

	// The interface goes everywhere.
	for _, a := range []agent{hv1, hv2} {
		if _, err := s.Client.Delete(t.Context(), a.key("Port_Binding", port)); err != nil {
			t.Fatal(err)
		}
	}
	d.must("nb", "wait-until", "Logical_Switch_Port", "p1", "up=false")
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis=[]")
}

func TestClaimBeforePort(t *testing.T) {
	s := startEtcd(t)
	d := start(t, s, "n1")
	hv1 := agent{t, s.Client, "hv1"}
	port := schema.NewUUID()
	hv1.claim(port, true)
	hv1.register("10.0.0.1")
	d.must("nb", "ls-add", "sw0")
	d.must("nb", "--id="+port.String(), "create", "Logical_Switch_Port", "name=p1", "--", "add", "Logical_Switch", "sw0", "ports", port.String())
	d.must("nb", "wait-until", "Logical_Switch_Port", "p1", "up=true")
}

func TestSouthboundClients(t *testing.T) {
	s := startEtcd(t)
	d := start(t, s, "n1")
	hv1 := agent{t, s.Client, "hv1"}
	hv1.register("10.0.0.1")
	d.must("sb", "wait-until", "Chassis", "hv1", "hostname=hv1.example")

	out, err := d.ctl("sb", "set", "Chassis", "hv1", "hostname=other")
	if err == nil || !strings.Contains(out, `column hostname`) || !strings.Contains(out, "hv1") {
		t.Errorf("a client changed a chassis's column: %v: %s", err, out)
	}
	d.must("sb", "set", "Chassis_Private", "hv1", "external_ids:note=kept")
	hv1.status(sb.Status{NBCfg: 3})
	d.must("sb", "wait-until", "Chassis_Private", "hv1", "nb_cfg=3")
	if got := d.must("sb", "get", "Chassis_Private", "hv1", "external_ids:note"); got != "kept" {
		t.Errorf("a client's note became %s", got)
	}
	d.must("sb", "chassis-del", "hv1")
	deadline := time.Now().Add(10 * time.Second)
	for {
		r, err := s.Client.Get(t.Context(), hv1.key("Chassis", hv1.chassis()), clientv3.WithCountOnly())
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the key of a deleted chassis is still there, %v", err)
		}
		if r.Count == 0 {
			break
		}
	}
	// An agent that lives comes back.
	hv1.register("10.0.0.1")
	d.must("sb", "wait-until", "Chassis", "hv1", "hostname=hv1.example")
}

// What a restarted northd, or a standby that takes over, compiles is what
// stands there already: nothing is written, and keys are the same.
func TestTakeover(t *testing.T) {
	s := startEtcd(t)
	n1 := start(t, s, "n1")
	n1.must("nb", "ls-add", "sw0", "--", "ls-add", "sw1", "--", "ls-del", "sw0")
	for i := range 3 {
		n1.must("nb", "--wait=sb", "lsp-add", "sw1", fmt.Sprint("p", i), "--", "lsp-set-addresses", fmt.Sprint("p", i), fmt.Sprintf("40:44:00:00:00:0%d 10.0.0.%d", i, i+1))
	}
	n1.must("nb", "--wait=sb", "lsp-del", "p0")
	keys := n1.must("sb", "--bare", "--columns=logical_port,tunnel_key", "find", "Port_Binding")
	n1.must("nb", "--wait=hv", "sync")
	told := n1.must("nb", "--bare", "--columns=nb_cfg,sb_cfg,hv_cfg", "list", "NB_Global")

	n2 := start(t, s, "n2")
	before := southbound(t, s)
	n1.stop()
	n2.leads()
	if after := southbound(t, s); after != before {
		t.Errorf("the takeover wrote:\n%s\nbefore:\n%s", after, before)
	}
	if got := n2.must("sb", "--bare", "--columns=logical_port,tunnel_key", "find", "Port_Binding"); got != keys {
		t.Errorf("tunnel keys %q, before %q", got, keys)
	}
	if got := n2.must("nb", "--bare", "--columns=nb_cfg,sb_cfg,hv_cfg", "list", "NB_Global"); got != told {
		t.Errorf("nb_cfg, sb_cfg, hv_cfg %q, before %q", got, told)
	}
	n2.must("nb", "--wait=sb", "lsp-add", "sw1", "p3")
}

// How far intent has come costs no write of the Northbound: each --wait=hv is
// one revision there, that of nb_cfg.
func TestToldWithoutWriting(t *testing.T) {
	s := startEtcd(t)
	d := start(t, s, "n1")
	d.must("nb", "--wait=hv", "sync")
	before := revisions(t, s, "/weft/log/nb")
	for range 5 {
		d.must("nb", "--wait=hv", "sync")
	}
	if n := revisions(t, s, "/weft/log/nb") - before; n != 5 {
		t.Errorf("5 times --wait=hv sync took %d commits of the Northbound", n)
	}
}

// revisions is how often a key was written.
func revisions(t *testing.T, s *etcd.Server, key string) int64 {
	t.Helper()
	r, err := s.Client.Get(t.Context(), key)
	if err != nil || len(r.Kvs) != 1 {
		t.Fatal(err, r)
	}
	return r.Kvs[0].Version
}

// southbound lists the southbound keys with the revisions that wrote them.
func southbound(t *testing.T, s *etcd.Server) string {
	t.Helper()
	r, err := s.Client.Get(t.Context(), sb.Prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, kv := range r.Kvs {
		fmt.Fprintf(&b, "%s %d\n", kv.Key, kv.ModRevision)
	}
	return b.String()
}
