package serve

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var networks = flag.Int("networks", 50, "how many random networks TestSouthboundAsStock compares")

// TestSouthboundAsStock: what stock ovn-northd makes of random networks and what we
// make of them is equal, row for row, in all southbound tables but Logical_Flow and
// what hangs on it, and in what northd writes into the Northbound, but for what
// differences lists.
func TestSouthboundAsStock(t *testing.T) {
	theirs := startStock(t)
	ours := start(t, startEtcd(t), "n1")
	seen := map[string]bool{}
	for n := range *networks {
		w := &network{Rand: rand.New(rand.NewPCG(uint64(n), 1)), gateways: map[string]int{}, translates: map[string]bool{}}
		script := w.script()
		for _, words := range [][]string{unbind(), tearDown(), sweep(), script} {
			theirs.nbctl(t, words)
			ours.must("nb", append([]string{"--wait=sb"}, words...)...)
		}
		bad := compareSouthbound(theirs.dump(t), dumpOf(t, ours.path("sb"), ours.path("nb")), seen)
		if bad != nil {
			t.Errorf("network %d:\n%s\n%s", n, strings.Join(script, " "), strings.Join(bad, "\n"))
		}
	}
	for _, db := range []string{"nb", "sb"} {
		a, b := optionsOf(t, theirs.path(db), db), optionsOf(t, ours.path(db), db)
		if !slices.Equal(a, b) {
			t.Errorf("the global row of %s has options %q, stock's %q", db, b, a)
		}
	}
	for _, d := range differences {
		if !seen[d.reason] && *networks >= 50 {
			t.Errorf("no network shows the difference %q", d.reason)
		}
	}
}

// differences are those between stock OVN 23.03 and us that are meant.
var differences = []difference{
	{`^(Datapath_Binding|Port_Binding|Multicast_Group)\b.*\btunnel_key=`, "tunnel keys are given out in another order"},
	{`^DHCP(v6)?_Options `, "DHCP is not built yet"},
	{`^IP_Multicast `, "multicast snooping is not built yet"},
	{`^Address_Set "svc_monitor_mac" addresses=`, "each chooses one"},
	{`^BFD .*\b(disc|src_port)=`, "each chooses discriminators and source ports"},
	{`^BFD .*\b(status|options)=`, "status is the agent's, so that a session which rests is told to it in options"},
}

// difference is a pattern of columns, written "Table name column=value", that are
// not compared, and why.
type difference struct{ pattern, reason string }

// stockOVN are stock's daemons.
type stockOVN struct{ dir string }

func startStock(t *testing.T) *stockOVN {
	for _, tool := range []string{"ovsdb-tool", "ovsdb-server", "ovsdb-client", "ovn-northd", "ovn-nbctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("stock OVN is not installed: %v", err)
		}
	}
	s := &stockOVN{t.TempDir()}
	for _, db := range []string{"nb", "sb"} {
		if out, err := exec.Command("ovsdb-tool", "create", s.path(db+".db"), "/usr/share/ovn/ovn-"+db+".ovsschema").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		s.run(t, "ovsdb-server", "--remote=punix:"+s.path(db), "--unixctl="+s.path(db+".ctl"), s.path(db+".db"))
	}
	s.run(t, "ovn-northd", "--ovnnb-db=unix:"+s.path("nb"), "--ovnsb-db=unix:"+s.path("sb"), "--unixctl="+s.path("northd.ctl"))
	s.nbctl(t, []string{"init"})
	return s
}

func (s *stockOVN) path(name string) string { return filepath.Join(s.dir, name) }

// run runs a daemon until the test ends.
func (s *stockOVN) run(t *testing.T, name string, args ...string) {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "OVN_RUNDIR="+s.dir, "OVS_RUNDIR="+s.dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
}

func (s *stockOVN) nbctl(t *testing.T, script []string) {
	t.Helper()
	out, err := exec.Command("ovn-nbctl", append([]string{"--timeout=20", "--wait=sb", "--db=unix:" + s.path("nb")}, script...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ovn-nbctl %q: %v: %s", script, err, out)
	}
}

func (s *stockOVN) dump(t *testing.T) map[string]string {
	return dumpOf(t, s.path("sb"), s.path("nb"))
}

// network makes the script of a random network.
type network struct {
	*rand.Rand
	words []string
	wired map[int]bool // switches with a localnet port
	// gateways are how many ports of a router were made gateway ports, or not, and
	// translates says which routers have NAT.
	gateways   map[string]int
	translates map[string]bool
}

func (w *network) do(words ...string) {
	if len(w.words) > 0 {
		w.words = append(w.words, "--")
	}
	w.words = append(w.words, words...)
}

func (w *network) yes() bool { return w.IntN(2) == 0 }

func (w *network) one(of ...string) string { return of[w.IntN(len(of))] }

// tearDown takes away what the network before left.
func tearDown() []string {
	w := network{}
	for _, kind := range []string{"ls", "lr"} {
		for i := range 3 {
			w.do("--if-exists", kind+"-del", fmt.Sprint(kind, i))
		}
	}
	return w.words
}

// unbind takes away what stock's northd does not live without the router of: OVN
// 23.03 keeps the southbound row, and then fails to delete the datapath, for ever.
func unbind() []string { return []string{"--all", "destroy", "Static_MAC_Binding"} }

// sweep takes away the rest, to which rows that went may have referred.
func sweep() []string {
	w := network{}
	for _, table := range []string{"Address_Set", "Port_Group", "Meter", "BFD", "HA_Chassis_Group"} {
		w.do("--all", "destroy", table)
	}
	return w.words
}

// script makes the network.
func (w *network) script() []string {
	w.wired = map[int]bool{}
	switches, routers := 1+w.IntN(3), w.IntN(3)
	var ports []string
	for i := range switches {
		name := fmt.Sprint("ls", i)
		w.do("ls-add", name)
		if w.yes() {
			w.do("set", "Logical_Switch", name, "external_ids:neutron\\:network_name=net"+name)
		}
		if w.wired[i] = w.yes(); w.wired[i] {
			w.do("lsp-add", name, name+"-net", "--", "lsp-set-type", name+"-net", "localnet", "--", "lsp-set-addresses", name+"-net", "unknown",
				"--", "lsp-set-options", name+"-net", "network_name=phys")
			if w.yes() {
				w.do("set", "Logical_Switch_Port", name+"-net", "tag_request=100", "tag=100")
			}
		}
		if w.IntN(3) == 0 {
			w.do("set", "Logical_Switch", name, "other_config:vlan-passthru=true")
		}
		for j := range w.IntN(4) {
			port := fmt.Sprintf("%s-p%d", name, j)
			ports = append(ports, port)
			w.port(name, port, i, j)
		}
	}
	for i := range routers {
		w.router(fmt.Sprint("lr", i), i, switches)
	}
	w.sets(ports)
	return w.words
}

func (w *network) port(sw, port string, i, j int) {
	mac := fmt.Sprintf("40:44:00:00:%02x:%02x", i, j)
	w.do("lsp-add", sw, port)
	addresses := []string{w.one(mac, mac+fmt.Sprintf(" 10.%d.0.%d", i, j+10), mac+fmt.Sprintf(" 10.%d.0.%d fd0%d::%d", i, j+10, i, j+10), "unknown")}
	if addresses[0] != "unknown" && w.IntN(4) == 0 {
		addresses = append(addresses, "unknown")
	}
	w.do(append([]string{"lsp-set-addresses", port}, addresses...)...)
	if w.yes() {
		w.do("lsp-set-port-security", port, w.one(mac, mac+fmt.Sprintf(" 10.%d.0.%d/24", i, j+10)))
	}
	if w.IntN(3) == 0 {
		w.do("lsp-set-enabled", port, w.one("enabled", "disabled"))
	}
	if w.IntN(3) == 0 {
		w.do("lsp-set-options", port, w.one("requested-chassis=hv1", "iface-id-ver=abc", "requested-chassis=hv1,hv2"))
	}
	if w.IntN(3) == 0 {
		w.do("set", "Logical_Switch_Port", port, w.one("external_ids:neutron\\:port_name=web", "external_ids:owner=x", "external_ids:name=y"))
	}
	if j > 0 && w.IntN(3) == 0 {
		child := port + "-c"
		w.do("lsp-add", sw, child, fmt.Sprintf("%s-p0", sw), fmt.Sprint(100+j))
	}
}

func (w *network) router(name string, i, switches int) {
	w.do("lr-add", name)
	if w.yes() {
		w.do("set", "Logical_Router", name, "external_ids:neutron\\:router_name=r"+name)
	}
	gateway := w.IntN(3) == 0
	if gateway {
		w.do("set", "Logical_Router", name, "options:chassis=hv1")
	}
	for k := range switches {
		if w.IntN(3) == 0 {
			continue
		}
		port, sw := fmt.Sprintf("%s-ls%d", name, k), fmt.Sprint("ls", k)
		args := []string{"lrp-add", name, port, fmt.Sprintf("40:44:00:01:%02x:%02x", i, k), fmt.Sprintf("10.%d.0.%d/24", k, i+1)}
		six := w.yes()
		if six {
			args = append(args, fmt.Sprintf("fd0%d::%d/64", k, i+1))
		}
		w.do(args...)
		w.do("lsp-add", sw, "to-"+port, "--", "lsp-set-type", "to-"+port, "router", "--", "lsp-set-addresses", "to-"+port, "router",
			"--", "lsp-set-options", "to-"+port, "router-port="+port)
		// Others differ on OVN's main branch: without a localnet port there is a
		// chassisredirect port at the switch's end, too; and we announce IPv6.
		if !gateway && w.wired[k] && !six && w.yes() {
			w.gateway(name, port, k)
		}
		w.neighbours(name, port, k)
	}
	if w.yes() {
		w.do("lr-route-add", name, "0.0.0.0/0", "10.0.0.254")
	}
}

func (w *network) sets(ports []string) {
	if w.yes() {
		w.do("create", "Address_Set", "name=as1", `addresses="10.0.0.1","10.0.0.2"`)
	}
	if w.yes() {
		w.do(append([]string{"pg-add", "pg1"}, ports[:w.IntN(len(ports)+1)]...)...)
		w.do("acl-add", "pg1", "to-lport", "1001", "outport == @pg1 && ip4.src == $pg1_ip4", w.one("allow", "allow-related", "drop"))
	}
	if w.yes() {
		if w.yes() {
			w.do("--fair", "meter-add", "m1", "drop", "10", "pktps", "5")
		} else {
			w.do("meter-add", "m1", "drop", "10", "pktps", "5")
		}
	}
	if w.yes() {
		w.do("acl-add", "ls0", "from-lport", "900", "ip", w.one("allow-related", "drop", "reject"))
	}
}

// table is what ovsdb-client dumps of one.
type dumped struct {
	Caption  string
	Headings []string
	Data     [][]json.RawMessage

	southbound bool
}

// hangs are tables that are not compared: of flows, of the daemons, of agents.
var hangs = []string{"Logical_Flow", "Logical_DP_Group", "Connection", "SSL", "RBAC_Role", "RBAC_Permission", "Chassis", "Chassis_Private", "Encap", "SB_Global"}

// optionsOf are the keys that the options of a database's global row have.
func optionsOf(t *testing.T, socket, kind string) (keys []string) {
	t.Helper()
	db := map[string]string{"nb": "OVN_Northbound", "sb": "OVN_Southbound"}[kind]
	for _, d := range dumpDB(t, socket, db) {
		for _, row := range d.rows() {
			if strings.HasSuffix(d.name(), "_Global") {
				for _, m := range regexp.MustCompile(`\["([^"]*)",`).FindAllStringSubmatch(row["options"], -1) {
					keys = append(keys, m[1])
				}
			}
		}
	}
	slices.Sort(keys)
	return slices.DeleteFunc(keys, func(key string) bool { return key == "weft-etcd" }) // for agents
}

// dumpOf returns all rows of a Southbound database, as "Table name", with their
// columns, one in a line. References, and UUIDs of northbound rows, are by name.
func dumpOf(t *testing.T, sbSocket, nbSocket string) map[string]string {
	t.Helper()
	names := map[string]string{}
	tables := append(dumpDB(t, nbSocket, "OVN_Northbound"), dumpDB(t, sbSocket, "OVN_Southbound")...)
	for range 2 { // names may hold references
		for _, d := range tables {
			for _, row := range d.rows() {
				names[row["_uuid"]] = strings.Trim(nameOf(d.name(), row, names), `"`)
			}
		}
	}
	keys := map[string]string{} // datapaths by tunnel key
	for _, d := range tables {
		if d.name() == "Datapath_Binding" {
			for _, row := range d.rows() {
				keys[row["tunnel_key"]] = names[row["_uuid"]]
			}
		}
	}
	out := map[string]string{}
	for _, d := range tables {
		if !d.southbound || slices.Contains(hangs, d.name()) {
			continue
		}
		for _, row := range d.rows() {
			if d.name() == "Port_Group" { // "<tunnel key>_name"
				key, name, _ := strings.Cut(strings.Trim(row["name"], `"`), "_")
				row["name"] = keys[key] + "_" + name
			}
			key := d.name() + " " + nameOf(d.name(), row, names)
			delete(row, "_uuid")
			for again := 2; out[key] != ""; again++ {
				key = fmt.Sprintf("%s again %d", strings.Split(key, " again")[0], again)
			}
			for _, column := range slices.Sorted(maps.Keys(row)) {
				out[key] += column + "=" + byName(row[column], names) + "\n"
			}
		}
	}
	return out
}

func (d *dumped) name() string { return strings.TrimSuffix(d.Caption, " table") }

func (d *dumped) rows() (rows []map[string]string) {
	for _, data := range d.Data {
		row := map[string]string{}
		for i, v := range data {
			row[d.Headings[i]] = sorted(v)
		}
		rows = append(rows, row)
	}
	return rows
}

// sorted is a value in an order of its own.
func sorted(v json.RawMessage) string {
	var list []json.RawMessage
	var kind string
	if json.Unmarshal(v, &list) != nil || len(list) != 2 || json.Unmarshal(list[0], &kind) != nil || kind == "uuid" {
		return string(v)
	}
	var elements []json.RawMessage
	_ = json.Unmarshal(list[1], &elements)
	var texts []string
	for _, e := range elements {
		texts = append(texts, string(e))
	}
	slices.Sort(texts)
	return strings.TrimSpace(kind + " " + strings.Join(texts, " "))
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// byName puts names in the place of UUIDs.
func byName(text string, names map[string]string) string {
	text = anyUUID.ReplaceAllStringFunc(text, func(id string) string {
		if name, ok := names[`["uuid","`+id+`"]`]; ok {
			return "<" + name + ">"
		}
		return id
	})
	words := strings.Split(text, " ")
	slices.Sort(words)
	return strings.Join(words, " ")
}

// nameOf names a row by what it is for.
func nameOf(table string, row, names map[string]string) string {
	switch table {
	case "Port_Binding":
		return row["logical_port"]
	case "Datapath_Binding":
		m := regexp.MustCompile(`\["name","([^"]*)"\]`).FindStringSubmatch(row["external_ids"])
		if m != nil {
			return m[1]
		}
	case "Multicast_Group":
		return byName(row["datapath"], names) + row["name"]
	case "BFD":
		return row["logical_port"] + row["dst_ip"]
	case "Static_MAC_Binding":
		return row["logical_port"] + row["ip"]
	case "HA_Chassis":
		return row["external_ids"] + row["priority"]
	case "Meter_Band", "DNS", "Gateway_Chassis":
		return ""
	}
	return row["name"]
}

func dumpDB(t *testing.T, socket, db string) (all []*dumped) {
	t.Helper()
	out, err := exec.Command("ovsdb-client", "--format=json", "--data=json", "--timeout=20", "dump", "unix:"+socket, db).Output()
	if err != nil {
		t.Fatalf("ovsdb-client dump: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		d := &dumped{southbound: db == "OVN_Southbound"}
		if err := json.Unmarshal([]byte(line), d); err != nil {
			t.Fatalf("%v: %.200s", err, line)
		}
		all = append(all, d)
	}
	return all
}

// compareSouthbound returns rows and columns that differ and are not meant to.
func compareSouthbound(theirs, ours map[string]string, seen map[string]bool) (bad []string) {
	meant := func(text string) bool {
		for _, d := range differences {
			if regexp.MustCompile(d.pattern).MatchString(text) {
				seen[d.reason] = true
				return true
			}
		}
		return false
	}
	for _, row := range slices.Sorted(maps.Keys(union(theirs, ours))) {
		a, isTheirs := theirs[row]
		b, isOurs := ours[row]
		switch {
		case !isOurs && !meant(row+" only stock"):
			bad = append(bad, "only stock has "+row+"\n\t"+strings.ReplaceAll(a, "\n", "\n\t"))
		case !isTheirs && !meant(row+" only ours"):
			bad = append(bad, "only we have "+row+"\n\t"+strings.ReplaceAll(b, "\n", "\n\t"))
		case isTheirs && isOurs:
			as, bs := columns(a), columns(b)
			for _, c := range slices.Sorted(maps.Keys(as)) {
				if as[c] != bs[c] && !meant(row+" "+c+"="+as[c]) {
					bad = append(bad, fmt.Sprintf("%s: %s is %s, stock's %s", row, c, bs[c], as[c]))
				}
			}
		}
	}
	return bad
}

func union(a, b map[string]string) map[string]string {
	u := maps.Clone(a)
	maps.Copy(u, b)
	return u
}

func columns(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		c, v, _ := strings.Cut(line, "=")
		out[c] = v
	}
	return out
}
