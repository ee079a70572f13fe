package northd_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	manual   = "../docs/options.md"
	features = "../../shared/FEATURES.md" // what OVN documents, where it is at hand
)

// TestOptionsManual: docs/options.md is what the declarations say.
func TestOptionsManual(t *testing.T) {
	without := notBuilt()
	want := optionsManual(northd.New(northd.Options{}).Graph, without)
	for _, name := range without.none {
		t.Errorf("nothing says why %s is without effect", name)
	}
	for _, r := range without.all {
		if !without.used[r.pattern] {
			t.Errorf("nothing is without effect because of %s: %s", r.why, r.pattern)
		}
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(manual, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/options.md does not say what features declare: go test ./northd -run TestOptionsManual -update")
	}
}

// optionsManual is a table of all options: those that features declare, and
// those of OVN's manual that none reads.
func optionsManual(g *graph.Graph, without *reasons) []byte {
	var b bytes.Buffer
	b.WriteString(`# Options and columns

The keys of map columns of the Northbound database: those of OVN's manual, ovn-nb(5), and what weft
makes of them. What has no effect is stored and shown; ` + "`weftctl status`" + ` says how many rows
ask for it. This page is made from the declarations in the features' code.

| table | column | key | value | default | meaning |
|---|---|---|---|---|---|
`)
	declared := map[string]graph.Declaration{}
	var rows []string
	for _, d := range g.Options() {
		declared[d.Table+" "+d.Column+" "+d.Key] = d
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", d.Table, d.Column, d.Key, d.Type, d.Default, d.Doc))
	}
	for _, o := range nb.AllOptions() {
		for _, key := range o.Keys {
			if _, ok := declared[o.Table+" "+o.Column+" "+key]; ok {
				continue
			}
			word := "read with the whole column"
			if !g.IsRead(o.Table, o.Column) {
				word = without.reason(o.Table, o.Column, key)
			}
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | | | %s |", o.Table, o.Column, key, word))
		}
	}
	slices.Sort(rows)
	for _, r := range rows {
		fmt.Fprintln(&b, r)
	}
	b.WriteString(`
## Columns

Likewise the columns that have no such keys. Column external_ids is the clients' own in every table.

| table | works | without effect |
|---|---|---|
`)
	for _, t := range nb.Schema().Tables {
		columnsManual(&b, g, t, without)
	}
	return b.Bytes()
}

// columnsManual is the line of a table.
func columnsManual(b *bytes.Buffer, g *graph.Graph, t *schema.Table, without *reasons) {
	var works []string
	missing := map[string][]string{} // by reason
	for _, c := range t.Columns {
		switch {
		case c.Name == "external_ids" || nb.IsOptions(t.Name, c.Name): // key by key above
		case g.IsRead(t.Name, c.Name) || slices.ContainsFunc(g.Options(), func(d graph.Declaration) bool {
			return d.Table == t.Name && d.Column == c.Name
		}):
			works = append(works, c.Name)
		default:
			reason := without.reason(t.Name, c.Name, "")
			missing[reason] = append(missing[reason], c.Name)
		}
	}
	var none []string
	for _, reason := range slices.Sorted(maps.Keys(missing)) {
		none = append(none, strings.Join(missing[reason], ", ")+": "+reason)
	}
	fmt.Fprintf(b, "| %s | %s | %s |\n", t.Name, strings.Join(works, ", "), strings.Join(none, "; "))
}

// reasons say why something of ovn-nb(5) has no effect: patterns of "Table column key",
// the first that matches counts.
type reasons struct {
	all  []reason
	used map[string]bool // by pattern
	none []string        // what has no reason
}

type reason struct{ pattern, why string }

func (rs *reasons) reason(table, column, key string) string {
	name := strings.TrimSpace(table + " " + column + " " + key)
	for _, r := range rs.all {
		if regexp.MustCompile("^(" + r.pattern + ")$").MatchString(name) {
			rs.used[r.pattern] = true
			return r.why
		}
	}
	rs.none = append(rs.none, name)
	return ""
}

// notBuilt says what has no effect, for the most part because a feature is not there
// yet.
func notBuilt() *reasons {
	const later = ", not built yet"
	return &reasons{used: map[string]bool{}, all: []reason{
		{`.* dynamic-routing.*|Logical_Router_Port options routing-protocol.*`, "dynamic routing" + later},
		{`.* ic[-_].*|Logical_Switch other_config interconn-ts|Logical_Router_Port options requested-(chassis|encap-ip)`, "interconnection" + later},
		{`.* mcast_.*|Logical_Switch_Port options receive_multicast|Copp meters igmp`, "multicast snooping and relay" + later},
		{`.* ct-zone-limit`, "limits of conntrack zones" + later},
		{`DHCP_Relay.*|Logical_Router_Port (dhcp_relay|options dhcpv4_primary_ip)|Logical_Switch other_config dhcp_relay_port|Copp meters dhcpv4-relay`, "DHCP relay" + later},
		{`Logical_Router_Port (ipv6_prefix|options prefix.*)`, "prefix delegation" + later},
		{`Logical_Switch other_config (exclude_ips|ipv6_prefix|mac_only|subnet)|Logical_Switch_Port tag`, "addresses of northd's choice (IPAM)" + later},
		{`Forwarding_Group.*|Logical_Switch forwarding_groups`, "forwarding groups" + later},
		{`QoS.*|Logical_Switch qos_rules|Logical_Switch_Port options qos_.*`, "QoS" + later},
		{`Mirror.*|Logical_Switch_Port mirror_rules|Logical_Switch_Port options pkt_clone_type`, "mirrors" + later},
		{`Network_Function.*|ACL network_function_group|Logical_Switch_Port options (is-nf|nf-linked-port)|NB_Global options svc_monitor_.*`, "network functions" + later},
		{`Logical_Switch_Port options (virtual-.*)`, "virtual ports" + later},
		{`Logical_Switch_Port ha_chassis_group`, "external ports" + later},
		{`Logical_Switch_Port options (vtep-.*)`, "VTEP gateways" + later},
		{`Logical_Switch_Port options l2gateway-chassis`, "L2 gateways" + later},
		{`Logical_Switch_Port options vif-plug-.*`, "VIF plugging" + later},
		{`Logical_Switch_Port options (activation-strategy|requested-encap-ip)`, "several chassis of a port" + later},
		{`NB_Global options vxlan_mode`, "VXLAN" + later},
		{`NB_Global (ipsec|options ipsec_.*)`, "IPsec" + later},
		{`Connection.*|SSL.*|NB_Global (connections|ssl)`, "listeners and TLS set in the database" + later},
		{`Logical_Switch_Port peer`, "switches connected to each other" + later},
		{`NB_Global options always_tunnel`, "tunnels between chassis that share a provider network" + later},
		{`NB_Global options (enable_chassis_nb_cfg_update|ignore_chassis_features|.*_probe_interval|northd[-_].*|use_logical_dp_groups|use_parallel_build)`,
			"no counterpart: how OVN's own programs do their work"},
		{`Gateway_Chassis options`, "OVN has none yet"},
	}}
}

var (
	featureTable = regexp.MustCompile(`^\*\*(\w+)\*\*`)
	featureKey   = regexp.MustCompile(`(\w+):([^\[,\s]+?)\[`)
)

// TestOptionsAreOVNs: the list of documented options is that of OVN's.
func TestOptionsAreOVNs(t *testing.T) {
	text, err := os.ReadFile(features)
	if err != nil {
		t.Skip("the list of OVN's options is not at hand: ", err)
	}
	_, list, _ := strings.Cut(string(text), "# Appendix 1.")
	table, seen := "", 0
	for line := range strings.SplitSeq(list, "\n") {
		if m := featureTable.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		rest, ok := strings.CutPrefix(line, "  keys: ")
		if !ok {
			continue
		}
		for _, m := range featureKey.FindAllStringSubmatch(rest, -1) {
			if column, key := m[1], m[2]; column != "external_ids" {
				seen++
				if !nb.IsOption(table, column, key) {
					t.Errorf("%s %s:%s is missing", table, column, key)
				}
			}
		}
	}
	have := 0
	for _, o := range nb.AllOptions() {
		have += len(o.Keys)
	}
	if seen != have || seen == 0 {
		t.Errorf("OVN documents %d keys, we have %d", seen, have)
	}
}

// TestSeveralChassis: that a port is wanted on a second chassis is said not to be
// built, and the first has it.
func TestSeveralChassis(t *testing.T) {
	n := northdtest.New(northd.Options{})
	n.PutSwitch(n.Switch("sw"))
	p := n.Port("p")
	p.Options = map[string]string{"requested-chassis": "hv1,hv2"}
	n.AddPort("sw", p)
	n.SetChassis("hv1", "host1", true)
	n.Apply(t)
	var got []string
	for _, p := range n.C.Problems() {
		got = append(got, p.Name+" "+p.Column+": "+p.Reason)
	}
	if want := []string{"p options: requested-chassis: a second chassis beside the first: not implemented yet"}; !slices.Equal(got, want) {
		t.Errorf("problems %q, want %q", got, want)
	}
	for _, row := range n.SB["Port_Binding"] {
		if b := row.(*sb.PortBinding); b.RequestedChassis == nil {
			t.Errorf("%s: no chassis is requested", b.LogicalPort)
		}
	}
}
