package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// southboundCopy is a Southbound database that has the flows of another one, in words
// that an evaluator without conntrack can follow.
type southboundCopy struct {
	of, dir string // directories of databases
	db      *dbConn
}

// copied are the tables and columns that evaluators need, of every version.
var copied = []struct {
	table   string
	columns []string
}{
	{"Datapath_Binding", []string{"tunnel_key", "external_ids"}},
	{"Port_Binding", []string{"logical_port", "type", "datapath", "tunnel_key", "options", "external_ids", "mac"}},
	{"Multicast_Group", []string{"datapath", "name", "tunnel_key", "ports"}},
	{"Logical_DP_Group", []string{"datapaths"}},
	{"Logical_Flow", []string{"logical_datapath", "logical_dp_group", "pipeline", "table_id", "priority", "match", "actions", "external_ids"}},
}

// newSouthboundCopy starts a server for one.
func (s *Sandbox) newSouthboundCopy(t *testing.T, of, name string) *southboundCopy {
	t.Helper()
	c := &southboundCopy{of: of, dir: s.Dir + "/" + name}
	ns := s.ns("fab")
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := s.toolAt(ns, c.dir, "ovsdb-tool", "create", c.dir+"/sb.db", "/usr/share/ovn/ovn-sb.ovsschema"); err != nil {
		t.Fatal(err)
	}
	err := s.run(&daemon{name: name + "-sb", start: func() (*Process, error) {
		return s.startDetached(name+"-sb", ns, s.env(c.dir), c.dir+"/sb.pid", c.dir+"/sb.log", "ovsdb-server", c.dir+"/sb.db", "--remote=punix:"+c.dir+"/sb.sock")
	}})
	if err == nil {
		c.db, err = dialDB(t.Context(), c.dir+"/sb.sock")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.db.close)
	return c
}

// refresh copies the other database again. What looks a packet up in conntrack only asks
// for the connection's state: packets begin connections here. Ports of the connection are
// those of the packet then, and 23.03 has no words for them. Where a packet leaves by
// one of the ports named, source and destination change places, as evaluators tell then
// what they were.
func (c *southboundCopy) refresh(t *testing.T, ports []string) {
	t.Helper()
	from, err := dialDB(t.Context(), c.of+"/sb.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer from.close()
	var empty, fill []any
	for _, x := range copied {
		empty = append(empty, map[string]any{"op": "delete", "table": x.table, "where": []any{}})
		rows, err := selectAll[map[string]any](from, "OVN_Southbound", x.table)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			said := map[string]any{}
			for _, column := range x.columns {
				said[column] = row[column]
			}
			if x.table == "Logical_Flow" {
				ids, _ := json.Marshal(row["external_ids"])
				begun(said, strings.Contains(string(ids), `"stage-name","ls_`))
			}
			fill = append(fill, map[string]any{"op": "insert", "table": x.table, "uuid": row["_uuid"].([]any)[1], "row": said})
		}
		if x.table == "Logical_Flow" {
			fill = append(fill, telling(t, fill, ports)...)
		}
	}
	for _, ops := range [][]any{empty, fill} {
		reply, err := c.db.call(20*time.Second, "transact", append([]any{"OVN_Southbound"}, ops...)...)
		if err != nil || strings.Contains(string(reply), `"error"`) {
			t.Fatalf("copy of %s: %v %.2000s", c.of, err, reply)
		}
	}
}

var (
	lookup    = regexp.MustCompile(`\bct_(lb_mark|dnat|dnat_in_czone);`)
	commit    = regexp.MustCompile(`\bct_commit( \{[^}]*\})?;`)
	unsnat    = regexp.MustCompile(`\bct_snat;`)
	beganWith = regexp.MustCompile(`\bct_(tcp|udp|sctp)\.`)
)

// begun changes the text of a flow as refresh says. In ovn-trace packets end at ct_snat
// also on switches beside gateway routers, and keep the state that they have lost in a
// switch when their connection is committed.
func begun(flow map[string]any, ofSwitch bool) {
	actions := lookup.ReplaceAllString(flow["actions"].(string), "ct_next;")
	if ofSwitch {
		actions = unsnat.ReplaceAllString(actions, "ct_next;")
	}
	flow["actions"] = commit.ReplaceAllString(actions, "ct_clear;")
	flow["match"] = beganWith.ReplaceAllString(flow["match"].(string), "$1.")
}

// telling are flows in front of the last one of switches.
func telling(t *testing.T, ops []any, ports []string) (more []any) {
	t.Helper()
	table := any(nil)
	for _, op := range ops {
		if row := op.(map[string]any)["row"].(map[string]any); row["external_ids"] != nil {
			if text, _ := json.Marshal(row["external_ids"]); strings.Contains(string(text), `"ls_out_apply_port_sec"`) {
				table = row["table_id"]
			}
		}
	}
	if table == nil {
		t.Fatal("no flow of ls_out_apply_port_sec")
	}
	out := `outport == {"` + strings.Join(ports, `", "`) + `"}`
	for _, op := range ops {
		op := op.(map[string]any)
		if text, _ := json.Marshal(op["row"]); op["table"] != "Datapath_Binding" || !strings.Contains(string(text), "logical-switch") {
			continue
		}
		for _, ip := range []string{"ip4", "ip6"} {
			for _, proto := range []string{"tcp", "udp", "sctp"} {
				more = append(more, map[string]any{"op": "insert", "table": "Logical_Flow", "row": map[string]any{
					"logical_datapath": []any{"uuid", op["uuid"]}, "pipeline": "egress", "table_id": table, "priority": 1,
					"match":   out + " && " + ip + " && " + proto,
					"actions": fmt.Sprintf("%s.src <-> %s.dst; %s.src <-> %s.dst; output;", ip, ip, proto, proto)}})
			}
		}
	}
	return more
}
