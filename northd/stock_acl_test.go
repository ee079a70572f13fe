package northd_test

import (
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// stockPolicies are switches, one policy each, that stock ovn-northd and we
// compile. Each has ports a and b, with its own name before.
const stockPolicies = `
acl known icmp to-lport 1002 "outport == \"known-b\" && ip && icmp" allow-related
acl known ssh to-lport 1002 "outport == \"known-b\" && ip && tcp && tcp.dst == 22" allow-related
acl known rest to-lport 1001 "outport == \"known-b\" && ip" drop

pg web web-b
acl web open to-lport 1002 "outport == @web && tcp.dst == {22, 443}" allow-related
acl web group4 to-lport 1002 "outport == @web && ip4.src == $clients && udp" allow
acl web group6 to-lport 1002 "outport == @web && ip6.src == $clients6 && udp" allow
acl web own to-lport 1003 "outport == @web && ip4.src == $web_ip4" drop
acl web web-rest to-lport 1001 "outport == @web && ip" reject
as clients 10.0.0.1
as clients6 fd00::/64

acl stateless s1 from-lport 1000 "tcp && tcp.dst == 22" allow
acl stateless s2 from-lport 900 "ip4 && udp" reject
acl stateless s3 from-lport 800 "ip" drop
acl stateless s4 from-lport 900 "ip6 && udp" reject options apply-after-lb=true
acl stateless s5 to-lport 5 "ip4 && tcp" reject
acl stateless s6 to-lport 6 "arp" drop

acl mixed m1 from-lport 1000 "tcp" allow-related
acl mixed m2 from-lport 999 "ip4 && udp" allow-stateless
acl mixed m3 from-lport 998 "ip6 && udp" reject
acl mixed m4 from-lport 10 "tcp.dst == 22" drop options apply-after-lb=true
acl mixed m5 to-lport 999 "udp" allow-stateless
acl mixed m6 to-lport 998 "icmp4" reject
acl mixed m7 to-lport 997 "icmp6" drop
`

// TestStockACLs traces packets of connections in all states through the flows
// that stock ovn-northd makes of ACLs, and through ours.
func TestStockACLs(t *testing.T) {
	t.Run("plain", func(t *testing.T) { stockACLs(t, "", 1, 24) })
	// A trace takes a while: of these not all packets.
	t.Run("default drop", func(t *testing.T) { stockACLs(t, "default_acl_drop=true", 5, 8) })
	t.Run("drops sampled", func(t *testing.T) { stockACLs(t, "debug_drop_collector_set=1 debug_drop_domain_id=2", 5, 8) })
	t.Run("ct.inv unmatched", func(t *testing.T) { stockACLs(t, "use_ct_inv_match=false", 5, 8) })
}

// stockACLs compares every nth packet, and wants so many different verdicts.
func stockACLs(t *testing.T, options string, nth, wanted int) {
	s, nbSocket, theirs, ours := startStock(t)
	n := northdtest.New(northd.Options{})
	for _, sw := range []string{"known", "web", "stateless", "mixed", "none"} {
		n.Do(t, "lsp "+sw+"-switch "+sw+`-a addresses "40:44:00:00:00:01 10.0.0.1 fd00::1"`)
		n.Do(t, "lsp "+sw+"-switch "+sw+`-b addresses "40:44:00:00:00:02 10.0.0.2 fd00::2"`)
	}
	for line := range strings.SplitSeq(stockPolicies, "\n") {
		if rest, ok := strings.CutPrefix(line, "acl "); ok && !strings.HasPrefix(rest, "web ") {
			owner, rule, _ := strings.Cut(rest, " ")
			line = "acl " + owner + "-switch " + rule
		}
		n.Do(t, line)
	}
	if options != "" {
		n.Do(t, "global "+options)
	}
	n.Apply(t)
	if len(n.C.Problems()) > 0 {
		t.Fatal(n.C.Problems())
	}
	s.run("ovn-nbctl", "--db="+nbSocket, "--wait=sb", "sync") // NB_Global is there
	loadNB(n, s, nbSocket)
	s.run("ovn-nbctl", "--db="+nbSocket, "--wait=sb", "sync")
	load(n, s, ours)

	verdicts, packets := map[string]bool{}, 0
	for _, sw := range []string{"known", "web", "stateless", "mixed", "none"} {
		for _, k := range aclPackets(sw) {
			if packets++; packets%nth > 0 {
				continue
			}
			want := s.trace(theirs, k.flow, k.ct...)
			if got := s.trace(ours, k.flow, k.ct...); got != want {
				t.Errorf("%s %q:\nours:\n%sstock:\n%s", k.flow, k.ct, got, want)
			}
			verdicts[sw+want] = true
		}
	}
	t.Logf("%d packets, %d different verdicts", packets/nth, len(verdicts))
	if len(verdicts) < wanted {
		t.Errorf("only %d different verdicts: the packets test little", len(verdicts))
	}
}

type aclPacket struct {
	flow string
	ct   []string // options of ovn-trace: what conntrack says, each time that it is asked
}

// aclPackets are packets between the ports of a switch, whose connections
// are in several states.
func aclPackets(sw string) []aclPacket {
	states := [][]string{{"--ct=new"}, {"--ct=est"}, {"--ct=est,rpl"}, {"--ct=rel,new"}, {"--ct=rel"}, {"--ct=inv"}, {"--ct=new", "--ct=est"}}
	var all []aclPacket
	for i, dir := range [][2]string{{"a", "b"}, {"b", "a"}} {
		head := fmt.Sprintf(`%s-switch|inport == "%s-%s" && eth.src == 40:44:00:00:00:0%d && eth.dst == 40:44:00:00:00:0%d && ip.ttl == 64 && `,
			sw, sw, dir[0], i+1, 2-i)
		ip4 := fmt.Sprintf("ip4.src == 10.0.0.%d && ip4.dst == 10.0.0.%d && ", i+1, 2-i)
		ip6 := fmt.Sprintf("ip6.src == fd00::%d && ip6.dst == fd00::%d && ", i+1, 2-i)
		for j, l4 := range []string{
			ip4 + "tcp && tcp.dst == 22", ip4 + "tcp && tcp.dst == 80", ip4 + "udp && udp.dst == 53", ip4 + "icmp4.type == 8",
			ip6 + "tcp && tcp.dst == 443", ip6 + "udp && udp.dst == 53", ip6 + "icmp6.type == 128", ip6 + "nd_na",
		} {
			for k, ct := range states {
				if k < 1 || (i+j+k)%3 == 0 { // not all of them: a trace takes a while
					all = append(all, aclPacket{head + l4, ct})
				}
			}
		}
		all = append(all, aclPacket{strings.Replace(head, " && ip.ttl == 64", "", 1) + "arp.op == 2", nil})
	}
	return all
}

// loadNB puts the northbound rows into a stock database.
func loadNB(n *northdtest.Network, s *stock, db string) {
	s.t.Helper()
	ops := []any{"OVN_Northbound"}
	refs := func(ids []schema.UUID) []any {
		all := make([]any, len(ids))
		for i, u := range ids {
			all[i] = []any{"named-uuid", rowName(u)}
		}
		return []any{"set", all}
	}
	mapOf := func(m map[string]string) []any {
		all := []any{}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			all = append(all, []any{k, m[k]})
		}
		return []any{"map", all}
	}
	for u, ch := range n.Rows {
		var row map[string]any
		switch r := ch.New.(type) {
		case *nb.LogicalSwitch:
			row = map[string]any{"name": r.Name, "ports": refs(r.Ports), "acls": refs(r.ACLs)}
		case *nb.LogicalSwitchPort:
			row = map[string]any{"name": r.Name, "addresses": stringSet(r.Addresses)}
		case *nb.ACL:
			row = map[string]any{"priority": r.Priority, "direction": r.Direction, "match": r.Match, "action": r.Action, "options": mapOf(r.Options)}
		case *nb.PortGroup:
			row = map[string]any{"name": r.Name, "ports": refs(r.Ports), "acls": refs(r.ACLs)}
		case *nb.AddressSet:
			row = map[string]any{"name": r.Name, "addresses": stringSet(r.Addresses)}
		case *nb.NBGlobal:
			ops = append(ops, map[string]any{"op": "update", "table": ch.Table, "where": []any{}, "row": map[string]any{"options": mapOf(r.Options)}})
			continue
		}
		ops = append(ops, map[string]any{"op": "insert", "table": ch.Table, "uuid-name": rowName(u), "row": row})
	}
	s.transact(db, ops)
}
