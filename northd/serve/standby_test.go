package serve

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// A standby answers who reads and refuses who writes, and clients that want the
// leader find it.
func TestStandbyServesReaders(t *testing.T) {
	s := startEtcd(t)
	n1 := start(t, s, "n1")
	n1.must("nb", "--wait=sb", "ls-add", "sw0", "--", "lsp-add", "sw0", "p1")
	agent{t, s.Client, "hv1"}.register("10.0.0.1")
	n1.must("sb", "wait-until", "Chassis", "hv1", "hostname=hv1.example")
	n2 := start(t, s, "n2")

	for _, db := range []string{"nb", "sb"} {
		want, got := n1.must(db, "show"), n2.must(db, "show")
		if got != want || want == "" {
			t.Errorf("%s: the standby shows\n%s\nthe leader\n%s", db, got, want)
		}
	}
	n1.must("nb", "--wait=sb", "lsp-add", "sw0", "p2")
	n2.must("sb", "wait-until", "Port_Binding", "p2", "tunnel_key=2")
	n2.must("nb", "wait-until", "NB_Global", ".", "sb_cfg="+n1.must("nb", "get", "NB_Global", ".", "sb_cfg"))
	if out, err := n2.ctl("nb", "ls-add", "refused"); err == nil || !strings.Contains(out, "not leader") {
		t.Errorf("a write at the standby: %v: %s", err, out)
	}

	// Both orders: the client goes on to the leader by itself.
	for i, remotes := range []string{"unix:" + n1.path("nb") + ",unix:" + n2.path("nb"), "unix:" + n2.path("nb") + ",unix:" + n1.path("nb")} {
		out, err := exec.CommandContext(t.Context(), "ovn-nbctl", "--timeout=20", "--db="+remotes, "ls-add", fmt.Sprint("found", i)).CombinedOutput()
		if err != nil {
			t.Errorf("with %s: %v: %s", remotes, err, out)
		}
	}
	n2.must("nb", "wait-until", "Logical_Switch", "found1", "name=found1")
	if row := n2.server(); !strings.Contains(row, "leader:false") || !strings.Contains(row, "connected:true") || !strings.Contains(row, "model:clustered") {
		t.Errorf("the standby says of itself: %s", row)
	}
	n1.stop()
	n2.leads()
	if row := n2.server(); !strings.Contains(row, "leader:true") {
		t.Errorf("the new leader says of itself: %s", row)
	}
}

// server is what _Server says of the Northbound database, as column:value.
func (d *daemon) server() string {
	d.t.Helper()
	out, err := exec.CommandContext(d.t.Context(), "ovsdb-client", "--data=bare", "--format=list", "query", "unix:"+d.path("nb"),
		`["_Server",{"op":"select","table":"Database","where":[["name","==","OVN_Northbound"]],"columns":["model","leader","connected","index"]}]`).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%v: %s", err, out)
	}
	return strings.NewReplacer(`"`, "", `,"`, " ").Replace(string(out))
}

// Connections of a standby stay when it becomes the leader: a monitor is told of
// it, and goes on.
func TestConnectionsSurviveTakeover(t *testing.T) {
	s := startEtcd(t)
	n1 := start(t, s, "n1")
	n1.must("nb", "ls-add", "sw0")
	n2 := start(t, s, "n2")
	watch := exec.CommandContext(t.Context(), "ovn-nbctl", "--no-leader-only", "--timeout=30", "--db=unix:"+n2.path("nb"), "wait-until", "Logical_Switch", "late", "name=late")
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	index := n2.must("nb", "get", "Logical_Switch", "sw0", "_uuid")
	p := newProbe(t, n2.path("nb"))
	p.call(`{"id":1,"method":"monitor_cond","params":["_Server","s",{"Database":[{"columns":["leader"],"where":[["name","==","OVN_Northbound"]]}]}]}`)
	n1.stop()
	if got := p.recv(); !strings.Contains(got, `"leader":true`) {
		t.Errorf("a client of the standby is told: %s", got)
	}
	if got := p.call(`{"id":2,"method":"transact","params":["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"late"}}]}`); strings.Contains(got, "error\":\"") {
		t.Errorf("a write of the same client: %s", got)
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("who monitored the standby (%s): %v", index, err)
	}
}

// Whatever changes while northds come, lead and go, numbers stay, what a leader
// has acknowledged is there, and what is there is what compiling it all from
// nothing gives (Check is on in these tests, and makes a northd sick).
func TestTakeoversAtRandom(t *testing.T) {
	s := startEtcd(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	lead := start(t, s, "n0")
	hv := agent{t, s.Client, "hv1"}
	hv.register("10.0.0.1")
	lead.must("nb", "ls-add", "sw0", "--", "ls-add", "sw1")
	ports, next := map[string]int{}, 0 // by name: the switch
	for round := range 4 {
		standby := start(t, s, fmt.Sprint("n", round+1))
		for range 12 {
			switch name := fmt.Sprint("p", next); {
			case len(ports) < 3 || r.IntN(2) == 0:
				sw := r.IntN(2)
				lead.must("nb", "lsp-add", fmt.Sprint("sw", sw), name, "--", "lsp-set-addresses", name, fmt.Sprintf("40:44:00:00:%02x:%02x 10.0.%d.%d", next>>8, next&255, sw, next))
				ports[name], next = sw, next+1
			default:
				for gone := range ports {
					if r.IntN(3) == 0 {
						lead.must("nb", "lsp-set-options", gone, fmt.Sprint("requested-tnl-key=", 1+r.IntN(9)))
						break
					}
					lead.must("nb", "lsp-del", gone)
					delete(ports, gone)
					break
				}
			}
			if r.IntN(4) == 0 {
				for name := range ports {
					lead.must("nb", "--wait=sb", "sync")
					hv.claim(parse(t, lead.must("nb", "get", "Logical_Switch_Port", name, "_uuid")), true)
					break
				}
			}
		}
		wait := "--wait=sb"
		if round%2 == 0 {
			wait = "--no-wait" // the new leader compiles what the old one did not
		}
		lead.must("nb", wait, "sync")
		keys := map[string]string{}
		for _, line := range strings.Split(lead.must("sb", "--bare", "--format=csv", "--no-headings", "--columns=logical_port,tunnel_key", "list", "Port_Binding"), "\n") {
			name, key, _ := strings.Cut(line, ",")
			keys[name] = key
		}
		lead.stop()
		standby.leads()
		lead = standby
		lead.must("nb", "--wait=sb", "sync")
		bound := map[string]string{}
		for _, line := range strings.Split(lead.must("sb", "--bare", "--format=csv", "--no-headings", "--columns=logical_port,tunnel_key", "list", "Port_Binding"), "\n") {
			name, key, _ := strings.Cut(line, ",")
			bound[name] = key
			if before, had := keys[name]; had && before != key && wait == "--wait=sb" {
				t.Errorf("round %d: port %s has tunnel key %s, had %s", round, name, key, before)
			}
		}
		for name := range ports {
			if bound[name] == "" {
				t.Errorf("round %d: port %s was acknowledged and is not bound", round, name)
			}
		}
		if len(bound) != len(ports) {
			t.Errorf("round %d: %d ports are bound, want %d", round, len(bound), len(ports))
		}
		lead.well()
	}
	// A northd that starts from nothing writes nothing: all is as it shall be.
	lead.must("nb", "--wait=sb", "sync")
	before := southbound(t, s)
	last := start(t, s, "last")
	lead.stop()
	last.leads()
	if after := southbound(t, s); after != before {
		t.Errorf("the last takeover wrote:\n%s\nbefore:\n%s", after, before)
	}
	last.well()
}

// A port's claim, and how far all chassis are, are known to the standby that takes
// over: nothing is taken back.
func TestTakeoverKeepsPlacement(t *testing.T) {
	s := startEtcd(t)
	n1 := start(t, s, "n1")
	hv := agent{t, s.Client, "hv1"}
	hv.register("10.0.0.1")
	n2 := start(t, s, "n2")
	n1.must("nb", "ls-add", "sw0")
	n1.must("nb", "--wait=sb", "lsp-add", "sw0", "p1")
	port := parse(t, n1.must("nb", "get", "Logical_Switch_Port", "p1", "_uuid"))
	claimed := hv.claim(port, true)
	n1.must("nb", "wait-until", "Logical_Switch_Port", "p1", "up=true")
	cfg := n1.must("nb", "get", "NB_Global", ".", "nb_cfg")
	var reached int64
	fmt.Sscan(cfg, &reached)
	hv.status(sb.Status{NBCfg: reached, Claimed: claimed, View: claimed})
	n1.must("nb", "wait-until", "NB_Global", ".", "hv_cfg="+cfg)
	n2.must("nb", "wait-until", "NB_Global", ".", "hv_cfg="+cfg)
	n2.must("sb", "wait-until", "Port_Binding", "p1", "up=true", "chassis="+hv.chassis().String())
	n1.must("sb", "set", "Chassis_Private", "hv1", "external_ids:note=kept")
	n2.must("sb", "wait-until", "Chassis_Private", "hv1", "external_ids:note=kept")

	revision := revisions(t, s, "/weft/log/nb")
	n1.stop()
	n2.leads()
	if hv := n2.must("nb", "get", "NB_Global", ".", "hv_cfg"); hv != cfg {
		t.Errorf("hv_cfg is %s after the takeover, was %s", hv, cfg)
	}
	if up := n2.must("nb", "lsp-get-up", "p1"); up != "up" {
		t.Errorf("the port is %s after the takeover", up)
	}
	if n := revisions(t, s, "/weft/log/nb") - revision; n != 0 {
		t.Errorf("the takeover wrote the Northbound %d times", n)
	}
	if _, err := s.Client.Delete(t.Context(), sb.RecordKey("hv1", "Port_Binding", port)); err != nil {
		t.Fatal(err)
	}
	n2.must("nb", "wait-until", "Logical_Switch_Port", "p1", "up=false")
	if id := schema.NameUUID("Chassis", "hv1"); n2.must("sb", "get", "Chassis", "hv1", "_uuid") != id.String() {
		t.Error("the chassis is another one")
	}
}
