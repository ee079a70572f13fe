package ovsdb

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/cache"
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestOvsdbClient runs the stock command line client on both of our sockets,
// and on a stock server where what it prints can be compared.
func TestOvsdbClient(t *testing.T) {
	tool := need(t, "ovsdb-client")
	stock := "unix:" + startStock(t, nb.Schema(), false)
	w := startWeft(t, nb.Schema())
	insert := `["OVN_Northbound",{"op":"insert","table":"Logical_Switch","uuid-name":"s","row":{"name":"s1","ports":["named-uuid","p"],"external_ids":["map",[["a","b"],["c","d"]]]}},{"op":"insert","table":"Logical_Switch_Port","uuid-name":"p","row":{"name":"p1","tag":5}}]`
	for _, remote := range []string{"unix:" + w.unix, "tcp:" + w.tcp} {
		if got := run(t, tool, "list-dbs", remote); got != "OVN_Northbound\n_Server\n" {
			t.Errorf("list-dbs: %q", got)
		}
		if got := strings.TrimSpace(run(t, tool, "get-schema-version", remote, "OVN_Northbound")); got != nb.Schema().Version {
			t.Errorf("get-schema-version: %q", got)
		}
		run(t, tool, "wait", remote, "OVN_Northbound", "connected")
	}
	ours := "unix:" + w.unix
	stockNames, ourNames := newNames(), newNames()
	both := func(args ...string) {
		t.Helper()
		at := func(remote string, names *uuidNames) string {
			a := append([]string{args[0], remote}, args[1:]...)
			return names.canonicalPrint(run(t, tool, a...))
		}
		if want, got := at(stock, stockNames), at(ours, ourNames); want != got {
			t.Errorf("ovsdb-client %q\nstock: %s\n ours: %s", args, want, got)
		}
	}
	both("get-schema", "OVN_Northbound")
	both("transact", insert)
	both("dump", "OVN_Northbound")
	both("dump", "OVN_Northbound", "Logical_Switch", "name", "external_ids")
	both("list-tables", "OVN_Northbound")
	both("list-columns", "OVN_Northbound")
	both("query", `["OVN_Northbound",{"op":"select","table":"Logical_Switch_Port","where":[["tag","==",5]],"columns":["name","tag","up"]}]`)
}

// start runs a tool until the test ends and returns what it prints.
func start(t *testing.T, name string, args ...string) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	cmd := exec.CommandContext(ctx, name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	return bufio.NewScanner(out)
}

// until reads lines up to one that holds text.
func until(t *testing.T, s *bufio.Scanner, text string) {
	t.Helper()
	for s.Scan() {
		if strings.Contains(s.Text(), text) {
			return
		}
	}
	t.Fatalf("ended without %q", text)
}

func TestOvsdbClientMonitor(t *testing.T) {
	tool := need(t, "ovsdb-client")
	w := startWeft(t, nb.Schema())
	plain := start(t, tool, "--format=json", "monitor", "unix:"+w.unix, "OVN_Northbound", "Address_Set", "name,addresses")
	cond := start(t, tool, "--format=json", "monitor-cond", "tcp:"+w.tcp, "OVN_Northbound", `[["name","==","a1"]]`, "Address_Set", "name,addresses")
	since := start(t, tool, "--format=json", "monitor-cond-since", "tcp:"+w.tcp, "OVN_Northbound", "00000000-0000-0000-0000-000000000000", `[true]`, "Address_Set", "name,addresses")
	until(t, since, `false`)
	p := dial(t, "unix", w.unix)
	p.call("transact", `["OVN_Northbound",{"op":"insert","table":"Address_Set","row":{"name":"a1","addresses":"1.1.1.1"}},{"op":"insert","table":"Address_Set","row":{"name":"a2"}}]`)
	until(t, plain, "a2")
	until(t, cond, "a1")
	until(t, since, "a2")
	p.call("transact", `["OVN_Northbound",{"op":"mutate","table":"Address_Set","where":[],"mutations":[["addresses","insert","2.2.2.2"]]}]`)
	for _, s := range []*bufio.Scanner{plain, cond, since} {
		until(t, s, "2.2.2.2")
	}
}

func TestOvsdbClientLock(t *testing.T) {
	tool := need(t, "ovsdb-client")
	w := startWeft(t, nb.Schema())
	first := start(t, tool, "lock", "unix:"+w.unix, "mine")
	until(t, first, "locked")
	second := start(t, tool, "steal", "unix:"+w.unix, "mine")
	until(t, second, "locked")
	until(t, first, "stolen")
}

func TestSbctl(t *testing.T) {
	tool := need(t, "ovn-sbctl")
	w := startWeft(t, sb.Schema())
	ours := &ctl{tool: tool, remote: "unix:" + w.unix, names: newNames()}
	stock := &ctl{tool: tool, remote: "unix:" + startStock(t, sb.Schema(), false), names: newNames()}
	for _, line := range []string{
		"show", "init", "--columns=nb_cfg,options list SB_Global", "list Chassis", "set SB_Global . options:a=b",
		"get SB_Global . options", "lflow-list", "find Port_Binding type=patch", "list Frob",
		"create Datapath_Binding tunnel_key=5 external_ids:name=x", "--columns=tunnel_key list Datapath_Binding",
		"create Datapath_Binding tunnel_key=5", "--all destroy Datapath_Binding",
	} {
		if want, got := stock.run(t, line), ours.run(t, line); want != got {
			t.Errorf("ovn-sbctl %s\nstock: %s\n ours: %s", line, want, got)
		}
	}
}

// The columns that a Go client asks for.
type goSwitch struct {
	UUID  string            `ovsdb:"_uuid"`
	Name  string            `ovsdb:"name"`
	Ports []string          `ovsdb:"ports"`
	IDs   map[string]string `ovsdb:"external_ids"`
}

type goPort struct {
	UUID string `ovsdb:"_uuid"`
	Name string `ovsdb:"name"`
	Tag  *int   `ovsdb:"tag"`
	Up   *bool  `ovsdb:"up"`
}

// TestLibovsdb connects as Go programs do, with all that is in the model
// monitored, and follows what others do.
func TestLibovsdb(t *testing.T) {
	t.Run("standalone", func(t *testing.T) { testLibovsdb(t, startWeft(t, nb.Schema())) })
	t.Run("clustered", func(t *testing.T) {
		w := startWeft(t, nb.Schema())
		setClustered(t, w)
		testLibovsdb(t, w)
	})
}

func testLibovsdb(t *testing.T, w *weft) {
	m, err := model.NewClientDBModel("OVN_Northbound", map[string]model.Model{"Logical_Switch": &goSwitch{}, "Logical_Switch_Port": &goPort{}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.NewOVSDBClient(m, client.WithEndpoint("tcp:"+w.tcp), client.WithLeaderOnly(true))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seen := make(chan string, 100)
	c.Cache().AddEventHandler(&cache.EventHandlerFuncs{
		AddFunc: func(table string, m model.Model) {
			if s, ok := m.(*goSwitch); ok {
				seen <- "add " + s.Name
			}
		},
		UpdateFunc: func(table string, old, new model.Model) {
			if s, ok := new.(*goSwitch); ok {
				seen <- "update " + strings.Join(strings.Fields(s.Name+" "+s.IDs["k"]), " ")
			}
		},
		DeleteFunc: func(table string, m model.Model) {
			if s, ok := m.(*goSwitch); ok {
				seen <- "delete " + s.Name
			}
		},
	})
	if _, err := c.MonitorAll(ctx); err != nil {
		t.Fatal(err)
	}
	ops, err := c.Create(&goPort{UUID: "port", Name: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	more, err := c.Create(&goSwitch{UUID: "sw", Name: "s1", Ports: []string{"port"}})
	if err != nil {
		t.Fatal(err)
	}
	ops = append(ops, more...)
	results, err := c.Transact(ctx, ops...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ovsdb.CheckOperationResults(results, ops); err != nil {
		t.Fatal(err)
	}
	// Its own change is in the cache by the time of the reply.
	s := &goSwitch{UUID: results[1].UUID.GoUUID}
	if err := c.Get(ctx, s); err != nil || len(s.Ports) != 1 {
		t.Fatalf("%+v: %v", s, err)
	}
	p := dial(t, "unix", w.unix)
	p.call("transact", `["OVN_Northbound",{"op":"update","table":"Logical_Switch","where":[],"row":{"external_ids":["map",[["k","v"]]]}}]`)
	p.call("transact", `["OVN_Northbound",{"op":"delete","table":"Logical_Switch","where":[]}]`)
	for _, want := range []string{"add s1", "update s1 v", "delete s1"} {
		select {
		case got := <-seen:
			if got != want {
				t.Fatalf("event %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("no event %q", want)
		}
	}
	var ports []goPort
	eventually(t, "the port goes with its switch", func() bool {
		ports = nil
		return c.List(ctx, &ports) == nil && len(ports) == 0
	})
}

// TestPythonIDL connects as Neutron does: lock first, monitor later.
func TestPythonIDL(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, which has python3-openvswitch
	w := startWeft(t, nb.Schema())
	setClustered(t, w)
	out := run(t, python, "testdata/idl.py", "tcp:"+w.tcp)
	var got struct {
		Lock    bool
		Status  string
		Names   []string
		Renamed string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !got.Lock || got.Status != "success" || strings.Join(got.Names, " ") != "s1 s2" || got.Renamed != "s9" {
		t.Errorf("%+v", got)
	}
}
