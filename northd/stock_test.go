package northd_test

import (
	"encoding/json"
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// stockPorts are the ports of the topology that stock ovn-northd and we
// compile: sw0 has all, sw1 the first two under other names, without anybody
// to give unknown destinations to.
var stockPorts = []struct{ name, addresses, enabled string }{
	{"p1", "40:44:00:00:00:01 192.168.0.11 fd00::11", ""},
	{"p2", "40:44:00:00:00:02 192.168.0.12", "true"},
	{"p3", "unknown", ""},
	{"p4", "40:44:00:00:00:04 192.168.0.14", "false"},
	{"p5", "40:44:00:00:00:05 192.168.0.15,unknown", ""},
	{"p6", "40:44:00:00:00:06", ""},
}

// TestStock traces packets with stock ovn-trace through the flows of stock
// ovn-northd and through ours: what comes out, where, and what it looks like
// must be the same. (Port security is not part of it: ovn-trace does not know
// the agent's part of OVN's.)
func TestStock(t *testing.T) {
	s, nbSocket, theirs, ours := startStock(t)
	n := northdtest.New(northd.Options{})
	var script []string
	for _, sw := range []string{"sw0", "sw1"} {
		n.PutSwitch(n.Switch(sw))
		script = append(script, "--", "ls-add", sw)
		for i, p := range stockPorts {
			name := p.name
			if sw == "sw1" {
				if name = "q" + name; i > 1 {
					break
				}
			}
			addresses := strings.Split(p.addresses, ",")
			row := n.Port(name)
			row.Addresses = addresses
			script = append(script, "--", "lsp-add", sw, name, "--", "lsp-set-addresses", name)
			script = append(script, addresses...)
			if p.enabled != "" {
				on := p.enabled == "true"
				row.Enabled = &on
				script = append(script, "--", "lsp-set-enabled", name, map[bool]string{true: "enabled", false: "disabled"}[on])
			}
			n.AddPort(sw, row)
		}
	}
	n.Apply(t)
	s.run("ovn-nbctl", append([]string{"--db=" + nbSocket, "--wait=sb"}, script[1:]...)...)
	load(n, s, ours)

	verdicts := map[string]bool{}
	for _, packet := range stockPackets() {
		want := s.trace(theirs, packet)
		if got := s.trace(ours, packet); got != want {
			t.Errorf("%s:\nours:\n%sstock:\n%s", packet, got, want)
		}
		verdicts[want] = true
	}
	if len(verdicts) < 12 {
		t.Errorf("only %d different verdicts: the packets test little", len(verdicts))
	}
}

// stockPackets are microflows of ovn-trace.
func stockPackets() []string {
	var all []string
	for _, from := range []struct{ sw, port, mac, ip string }{
		{"sw0", "p1", "40:44:00:00:00:01", "192.168.0.11"}, {"sw0", "p3", "0a:00:00:00:00:03", "192.168.0.13"},
		{"sw0", "p4", "40:44:00:00:00:04", "192.168.0.14"}, {"sw1", "qp1", "40:44:00:00:00:01", "192.168.0.11"},
	} {
		in := fmt.Sprintf(`inport == "%s" && eth.src == %s`, from.port, from.mac)
		for _, dst := range []string{"40:44:00:00:00:02", "40:44:00:00:00:04", "40:44:00:00:00:05", "0a:00:00:00:00:99", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"} {
			all = append(all, from.sw+"|"+in+" && eth.dst == "+dst)
		}
		for _, ip := range []string{"192.168.0.11", "192.168.0.12", "192.168.0.14", "192.168.0.15", "192.168.0.99"} {
			all = append(all, fmt.Sprintf("%s|%s && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.sha == %s && arp.spa == %s && arp.tpa == %s",
				from.sw, in, from.mac, from.ip, ip))
		}
		all = append(all,
			from.sw+"|"+in+" && eth.dst == 33:33:ff:00:00:11 && nd_ns && ip6.src == fd00::99 && ip6.dst == ff02::1:ff00:11 && nd.target == fd00::11",
			from.sw+"|"+in+" && eth.dst == 40:44:00:00:00:02 && vlan.present",
		)
	}
	return append(all, `sw0|inport == "p1" && eth.src == 01:00:00:00:00:01 && eth.dst == 40:44:00:00:00:02`)
}

// startStock starts stock ovn-northd between two databases and returns their
// addresses, and that of a southbound database for what we make.
func startStock(t *testing.T) (s *stock, nbSocket, theirs, ours string) {
	t.Helper()
	for _, tool := range []string{"ovsdb-tool", "ovsdb-server", "ovsdb-client", "ovn-northd", "ovn-nbctl", "ovn-trace"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("stock OVN is not installed: %v", err)
		}
	}
	s = &stock{t: t, dir: t.TempDir()}
	theirs, ours = s.serve("sb", "sb"), s.serve("ours", "sb")
	nbSocket = s.serve("nb", "nb")
	s.start("ovn-northd", "--ovnnb-db="+nbSocket, "--ovnsb-db="+theirs, "--pidfile="+s.path("northd.pid"), "--unixctl="+s.path("northd.ctl"))
	return s, nbSocket, theirs, ours
}

// stock runs stock programs in a directory of its own.
type stock struct {
	t   *testing.T
	dir string
}

func (s *stock) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stock) run(name string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "OVN_RUNDIR="+s.dir, "OVS_RUNDIR="+s.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// start runs a daemon until the test ends.
func (s *stock) start(name string, args ...string) {
	s.t.Helper()
	pidfile := ""
	for _, a := range args {
		if p, ok := strings.CutPrefix(a, "--pidfile="); ok {
			pidfile = p
		}
	}
	s.run(name, append([]string{"--detach", "--no-chdir", "--log-file=" + pidfile + ".log", "-vconsole:off"}, args...)...)
	s.t.Cleanup(func() {
		b, err := os.ReadFile(pidfile)
		if err != nil {
			s.t.Error(err)
			return
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			s.t.Error(err)
			return
		}
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	})
}

// serve starts a database server with the stock schema and returns its
// address.
func (s *stock) serve(name, kind string) string {
	s.t.Helper()
	db, socket := s.path(name+".db"), s.path(name+".sock")
	s.run("ovsdb-tool", "create", db, "/usr/share/ovn/ovn-"+kind+".ovsschema")
	s.start("ovsdb-server", "--remote=punix:"+socket, "--pidfile="+s.path(name+".pid"), "--unixctl="+s.path(name+".ctl"), db)
	return "unix:" + socket
}

// trace returns what ovn-trace says of "datapath|microflow".
func (s *stock) trace(db, packet string, options ...string) string {
	s.t.Helper()
	datapath, microflow, _ := strings.Cut(packet, "|")
	var lines []string
	for _, l := range strings.Split(s.run("ovn-trace", append(options, "--db="+db, "--minimal", datapath, microflow)...), "\n") {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			lines = append(lines, l)
		}
	}
	slices.Sort(lines) // the order of a group's ports is that of UUIDs
	return strings.Join(lines, "\n") + "\n"
}

// load puts what was compiled into a stock southbound database.
func load(n *northdtest.Network, s *stock, db string) {
	s.t.Helper()
	ops := []any{"OVN_Southbound"}
	insert := func(table string, u schema.UUID, row map[string]any) {
		op := map[string]any{"op": "insert", "table": table, "row": row}
		if !u.IsZero() {
			op["uuid"] = u.String()
		}
		if ops = append(ops, op); len(ops) > 100 { // a command line holds no more
			s.transact(db, ops)
			ops = ops[:1]
		}
	}
	ref := func(u schema.UUID) []any { return []any{"uuid", u.String()} }
	for _, row := range n.SB["Datapath_Binding"] {
		d := row.(*sb.DatapathBinding)
		insert("Datapath_Binding", d.UUID, map[string]any{"tunnel_key": d.TunnelKey,
			"external_ids": []any{"map", []any{[]any{"name", d.ExternalIDs["name"]}, []any{"logical-switch", d.UUID.String()}}}})
	}
	for _, row := range n.SB["Port_Binding"] {
		p := row.(*sb.PortBinding)
		insert("Port_Binding", p.UUID, map[string]any{"datapath": ref(p.Datapath), "logical_port": p.LogicalPort, "tunnel_key": p.TunnelKey})
	}
	for _, row := range n.SB["Multicast_Group"] {
		g := row.(*sb.MulticastGroup)
		var ports []any
		for _, u := range g.Ports {
			ports = append(ports, ref(u))
		}
		insert("Multicast_Group", g.UUID, map[string]any{"datapath": ref(g.Datapath), "name": g.Name, "tunnel_key": g.TunnelKey, "ports": []any{"set", ports}})
	}
	for _, row := range n.SB["Address_Set"] {
		as := row.(*sb.AddressSet)
		insert("Address_Set", as.UUID, map[string]any{"name": as.Name, "addresses": stringSet(as.Addresses)})
	}
	for _, row := range n.SB["Port_Group"] {
		g := row.(*sb.PortGroup)
		insert("Port_Group", g.UUID, map[string]any{"name": g.Name, "ports": stringSet(g.Ports)})
	}
	for _, path := range slices.Sorted(maps.Keys(n.Units)) {
		owner, _ := schema.ParseUUID(path[:36])
		on := []schema.UUID{owner}
		if g, ok := n.SB["Logical_DP_Group"][owner].(*sb.LogicalDPGroup); ok {
			on = g.Datapaths
		}
		for _, f := range (northd.Unit{Chunk: []byte(n.Units[path])}).Flows() {
			for _, u := range on {
				insert("Logical_Flow", schema.UUID{}, map[string]any{"logical_datapath": ref(u), "table_id": f.Table,
					"pipeline": []string{"ingress", "egress"}[f.Pipeline], "priority": f.Priority, "match": f.Match, "actions": f.Actions,
					"external_ids": []any{"map", []any{[]any{"stage-name", f.Stage}}}})
			}
		}
	}
	s.transact(db, ops)
}

func (s *stock) transact(db string, ops []any) {
	s.t.Helper()
	text, err := json.Marshal(ops)
	if err != nil {
		s.t.Fatal(err)
	}
	if out := s.run("ovsdb-client", "transact", db, string(text)); strings.Contains(out, `"error"`) {
		s.t.Fatalf("%s", out)
	}
}

func stringSet(all []string) []any {
	members := make([]any, len(all))
	for i, m := range all {
		members[i] = m
	}
	return []any{"set", members}
}

func rowName(u schema.UUID) string { return "r" + strings.ReplaceAll(u.String(), "-", "_") }
