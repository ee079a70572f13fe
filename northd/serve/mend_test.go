package serve

import (
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema/sb"
)

// TestOthersWriteWhatIsNorthds: rows that a client deletes, changes or adds in
// northd's tables are as northd made them soon after, and so are flows that
// somebody deletes from etcd; what clients may write stays.
func TestOthersWriteWhatIsNorthds(t *testing.T) {
	s := startEtcd(t)
	d := start(t, s, "one")
	d.must("nb", "ls-add", "n", "--", "lsp-add", "n", "p1", "--", "lsp-set-addresses", "p1", "0a:00:00:00:00:01 10.0.0.1", "--", "lsp-add", "n", "p2")
	d.must("nb", "--wait=sb", "sync")
	row := func(table, name string) string {
		column := "logical_port"
		if table == "Datapath_Binding" {
			column = "external_ids:name"
		}
		return d.must("sb", "--columns=_uuid,tunnel_key,external_ids", "find", table, column+"="+name)
	}
	port, datapath := row("Port_Binding", "p1"), row("Datapath_Binding", "n")
	key := d.must("sb", "get", "Port_Binding", "p1", "tunnel_key")

	d.must("sb", "destroy", "Port_Binding", "p1")
	d.must("sb", "wait-until", "Port_Binding", "p1", "tunnel_key="+key)
	d.must("sb", "set", "Port_Binding", "p1", "tunnel_key=77", "external_ids:mine=1")
	d.must("sb", "wait-until", "Port_Binding", "p1", "tunnel_key="+key)
	d.must("sb", "set", "Datapath_Binding", "n", "tunnel_key=99")
	d.must("sb", "wait-until", "Datapath_Binding", "n", "tunnel_key=1")
	d.must("sb", "create", "Datapath_Binding", "tunnel_key=55", "external_ids:name=stray")
	d.must("sb", "set", "SB_Global", ".", "options:stray=1")
	d.must("nb", "--wait=sb", "sync")
	d.eventually("the stray datapath to go", func() bool { return row("Datapath_Binding", "stray") == "" })
	d.eventually("the stray option to go", func() bool { return !strings.Contains(d.must("sb", "get", "SB_Global", ".", "options"), "stray") })
	if got := row("Port_Binding", "p1"); got != port {
		t.Errorf("the port is\n%s, was\n%s", got, port)
	}
	if got := row("Datapath_Binding", "n"); got != datapath {
		t.Errorf("the datapath is\n%s, was\n%s", got, datapath)
	}

	flows := func() int64 {
		r, err := s.Client.Get(t.Context(), sb.Prefix+sb.FlowsPath, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil {
			t.Fatal(err)
		}
		return r.Count
	}
	n := flows()
	if _, err := s.Client.Delete(t.Context(), sb.Prefix+sb.FlowsPath, clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	d.eventually("the flows to come back", func() bool { return flows() == n })

	d.must("sb", "--inactivity-probe=7000", "set-connection", "punix:elsewhere")
	d.must("nb", "--wait=sb", "sync")
	if got := d.must("sb", "get-connection"); !strings.Contains(got, "punix:elsewhere") {
		t.Errorf("a client's own row is %q", got)
	}
}

// TestAddressOfTwoChassis: the newer registration has the address, the older
// chassis is hidden and nobody waits for it; it comes back when the newer goes,
// and is forgotten with its Chassis_Private.
func TestAddressOfTwoChassis(t *testing.T) {
	s := startEtcd(t)
	d := start(t, s, "one")
	old, young := agent{t, s.Client, "old"}, agent{t, s.Client, "young"}
	chassis := func() string {
		return strings.Join(strings.Fields(d.must("sb", "--bare", "--columns=name", "list", "Chassis")), " ")
	}
	old.register("10.0.0.1")
	d.must("sb", "wait-until", "Chassis", "old")
	d.must("nb", "ls-add", "n", "--", "lsp-add", "n", "p1")
	port := parse(t, d.must("nb", "get", "Logical_Switch_Port", "p1", "_uuid"))
	old.claim(port, true)
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis="+old.chassis().String())

	young.register("10.0.0.1")
	d.must("sb", "wait-until", "Chassis", "young")
	d.eventually("the older chassis to be hidden", func() bool { return chassis() == "young" })
	young.claim(port, true)
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis="+young.chassis().String())
	rev := int64(1 << 40) // whatever claims there are
	d.must("nb", "set", "NB_Global", ".", "nb_cfg=7")
	young.status(sb.Status{NBCfg: 7, View: rev})
	d.must("nb", "wait-until", "NB_Global", ".", "hv_cfg=7")

	gone := func(a agent) {
		if _, err := s.Client.Delete(t.Context(), sb.RecordsOf(a.name), clientv3.WithPrefix()); err != nil {
			t.Fatal(err)
		}
	}
	gone(young)
	d.must("sb", "wait-until", "Chassis", "old")
	d.must("sb", "wait-until", "Port_Binding", "p1", "chassis="+old.chassis().String())

	young.register("10.0.0.1")
	d.eventually("the older chassis to be hidden again", func() bool { return chassis() == "young" })
	d.must("sb", "destroy", "Chassis_Private", "old")
	d.eventually("its keys to go", func() bool {
		r, err := s.Client.Get(t.Context(), sb.RecordsOf("old"), clientv3.WithPrefix(), clientv3.WithCountOnly())
		return err == nil && r.Count == 0
	})
	gone(young)
	d.eventually("no chassis", func() bool { return chassis() == "" })
}
