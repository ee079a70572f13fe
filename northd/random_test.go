package northd_test

import (
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"pgregory.net/rapid"
)

// TestIncrementalIsFresh: after every step of random intent, the state that
// the outputs lead to is what a fresh compiler makes that is given the tunnel
// keys; tables equal their recomputation; keys are unique; flows parse.
func TestIncrementalIsFresh(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := northd.Options{Workers: rapid.SampledFrom([]int{1, 3}).Draw(t, "workers")}
		if rapid.Bool().Draw(t, "few keys") {
			o.MaxDatapathKey, o.MaxPortKey = 2, 4
		}
		n := northdtest.New(o)
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			for range rapid.IntRange(1, 6).Draw(t, "mutations") {
				mutate(n, t)
			}
			out := n.Apply(t)
			if rapid.Bool().Draw(t, "write back") {
				n.WriteBack(out)
				n.Apply(t)
			}
			verify(n, t)
		}
	})
}

// verifyFresh: the state is what a fresh compiler makes of the same rows.
func verifyFresh(n *northdtest.Network, t northdtest.Fatal) {
	t.Helper()
	fresh := northdtest.New(n.Options)
	fresh.Rows, fresh.Next = n.Rows, n.Everything()
	fresh.Apply(t)
	if got, want := n.String(), fresh.String(); got != want {
		t.Fatalf("incremental:\n%s\nfresh:\n%s", got, want)
	}
}

func verify(n *northdtest.Network, t *rapid.T) {
	if err := n.C.Check(); err != nil {
		t.Fatal(err)
	}
	verifyFresh(n, t)
	verifyWanted(n, t)
	keys := map[string]schema.UUID{}
	give := func(id schema.UUID, space any, key int64) {
		name := fmt.Sprint(space, key)
		if other, taken := keys[name]; taken {
			t.Fatalf("%s and %s both have key %s", id, other, name)
		}
		keys[name] = id
	}
	for id, row := range n.SB["Datapath_Binding"] {
		give(id, "datapath", row.(*sb.DatapathBinding).TunnelKey)
	}
	for id, row := range n.SB["Port_Binding"] {
		p := row.(*sb.PortBinding)
		give(id, p.Datapath, p.TunnelKey)
	}
	verifyFlows(n, t)
}

// verifyWanted: what the compiler says that it wants is what its outputs led to.
func verifyWanted(n *northdtest.Network, t *rapid.T) {
	all := n.C.Everything()
	rows, stray := map[string]map[schema.UUID]bool{}, northdtest.ID("stray")
	for _, table := range n.C.OutputTables() {
		rows[table] = map[schema.UUID]bool{stray: true}
		for id := range n.SB[table] {
			rows[table][id] = true
		}
	}
	some := n.C.Wanted(rows)
	for _, ch := range some.Rows {
		if is := n.SB[ch.Table][ch.UUID]; ch.New != is {
			t.Fatalf("%s %s: wanted %v, is %v", ch.Table, ch.UUID, ch.New, is)
		}
	}
	for _, u := range all.Units {
		if is, ok := n.Units[u.Path]; ok != (u.Chunk != nil) || is != string(u.Chunk) {
			t.Fatalf("unit %s is not as wanted", u.Path)
		}
	}
	strays := len(rows)
	if len(all.Rows) != len(some.Rows)-strays || len(all.Units) != len(n.Units) {
		t.Fatalf("all are %d rows and %d units, outputs led to %d and %d with the stray rows", len(all.Rows), len(all.Units), len(some.Rows), len(n.Units))
	}
}

// verifyFlows: every flow of every unit is in the language, as it is printed
// but for what users wrote; what it names is there.
func verifyFlows(n *northdtest.Network, t *rapid.T) {
	sets, groups := map[string]bool{}, map[string]bool{}
	for _, row := range n.SB["Address_Set"] {
		sets[row.(*sb.AddressSet).Name] = true
	}
	for _, ch := range n.Rows {
		if g, ok := ch.New.(*nb.PortGroup); ok {
			groups[g.Name] = true
		}
	}
	names := &lflow.Options{
		AddressSet: func(name string) ([]lflow.Constant, bool) { return nil, sets[name] },
		PortGroup:  func(name string, _ *lflow.Symbol) ([]string, bool) { return nil, groups[name] },
	}
	for path, chunk := range n.Units {
		for _, f := range (northd.Unit{Chunk: []byte(chunk)}).Flows() {
			if lflow.HasVariables(f.Match + f.Actions) {
				verifyTemplate(t, path, &f)
				continue
			}
			m, err := lflow.ParseMatch(f.Match, names)
			users := strings.Contains(path, "/acl-") || strings.Contains(path, "/policy-") || strings.Contains(path, "/nat-") || f.Source == "gateway" && strings.HasSuffix(f.Match, ")")
			if err != nil || m.String() != f.Match && !users {
				t.Fatalf("%s: match %s: %v", path, f.Match, err)
			}
			at, _ := pipeline.Find(f.Stage)
			as, err := lflow.ParseActions(f.Actions, at.ParsePlace(), nil)
			if err != nil || as.String() != strings.NewReplacer("ct_next;", "ct_next(dnat);", "ct_commit_nat;", "ct_commit_nat(dnat);", " /* drop */", "").Replace(f.Actions) {
				t.Fatalf("%s: actions %s: %v", path, f.Actions, err)
			}
		}
	}
}

// verifyTemplate: a flow with template variables is one in the language with values for
// them.
func verifyTemplate(t *rapid.T, path string, f *sb.Flow) {
	at, _ := pipeline.Find(f.Stage)
	v6 := strings.Contains(f.Match, "ip6") || strings.Contains(f.Match, "nd_ns")
	all, missing := lflow.Texts{Match: f.Match, Actions: f.Actions}.Expand(func(name string) (string, bool) {
		v, ok := someValues[v6][name]
		return v, ok
	})
	if len(all) == 0 {
		t.Fatalf("%s: %s => %s: no flows, missing %q", path, f.Match, f.Actions, missing)
	}
	for _, one := range all {
		if _, err := lflow.ParseMatch(one.Match, nil); err != nil {
			t.Fatalf("%s: match %s: %v", path, one.Match, err)
		}
		if _, err := lflow.ParseActions(one.Actions, at.ParsePlace(), nil); err != nil {
			t.Fatalf("%s: actions %s: %v", path, one.Actions, err)
		}
	}
}

var (
	someSwitches = []string{"sw0", "sw1", "sw2"}
	somePorts    = []string{"p0", "p1", "p2", "p3", "p4", "p5"}
	someMACs     = []string{"0a:00:00:00:00:01", "0a:00:00:00:00:02", "0a:00:00:00:00:03", "0b:00:00:00:00:01", "01:00:00:00:00:01", "0a:00:00:00:00", "x", "VRRPv3 00:00:5e:00:01:05 0a:00:00:00:00:01"}
	someIPs      = []string{"10.0.0.1", "10.0.0.2/24", "fd00::1", "fd00::2/64", "10.0.0.300", "fe80::1%eth0"}
	someRouters  = []string{"r0", "r1"}
	someLRPs     = []string{"l0", "l1", "l2", "l3"}
	someRoutes   = []string{"s0", "s1", "s2"}
	someNetworks = []string{"10.0.0.1/24", "10.0.0.9/24", "10.1.0.1/30", "fd00::9/64", "fd00::1/64", "224.0.0.1/4", "10.0.0.1"}
	somePrefixes = []string{"0.0.0.0/0", "::/0", "10.7.0.0/16", "10.7.0.1", "fd07::/16", "x"}
	someHops     = []string{"10.0.0.2", "10.0.0.1", "fd00::2", "fe80::7", "discard", "", "x"}
	someProxies  = []string{"", "", "10.0.0.1", "0a:00:00:00:00:03 10.0.0.0/24 fd00::/64", "0a:00:00:00:00:09 169.254.1.1", "01:00:00:00:00:01 10.0.0.1", "true"}
	someSessions = []string{"bfd0", "bfd1"}
	someChassis  = []string{"hv0", "hv1"}
	someMeters   = []string{"m0", "m1"}
	someGroups   = []string{"pg0", "pg1"}
	someSets     = []string{"as0", "as1", "pg0_ip4"}
	someACLs     = []string{"a0", "a1", "a2", "a3"}
	someMatches  = []string{"ip4", "outport == @pg0 && ip", "ip4.src == $as0", "ip4.src == $pg0_ip4 && tcp.dst == 80 // web",
		"ip6.src == {$pg1_ip6, fd00::1}", "ip4 &&", "ip4.dst == $as1 || inport == @pg1", "arp"}
)

func drawAddress(t *rapid.T) string {
	s := rapid.SampledFrom(append(slices.Clone(someMACs), "unknown", "dynamic", "router", "")).Draw(t, "mac")
	for range rapid.IntRange(0, 2).Draw(t, "ips") {
		s += " " + rapid.SampledFrom(someIPs).Draw(t, "ip")
	}
	return s
}

func drawSet(t *rapid.T) []string {
	set := map[string]bool{}
	for range rapid.IntRange(0, 3).Draw(t, "addresses") {
		set[drawAddress(t)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func drawRequest(t *rapid.T) map[string]string {
	m := map[string]string{}
	if rapid.IntRange(0, 2).Draw(t, "requested") == 0 {
		m["requested-tnl-key"] = rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "0", "x"}).Draw(t, "key")
	}
	return m
}

// mutate changes one thing.
func mutate(n *northdtest.Network, t *rapid.T) {
	sw := rapid.SampledFrom(someSwitches).Draw(t, "switch")
	port := rapid.SampledFrom(somePorts).Draw(t, "port")
	switch rapid.IntRange(0, 29).Draw(t, "mutation") {
	case 0:
		s := n.Switch(sw)
		s.OtherConfig = drawRequest(t)
		s.OtherConfig["vlan-passthru"] = fmt.Sprint(rapid.Bool().Draw(t, "passthru"))
		s.OtherConfig["fdb_age_threshold"] = rapid.SampledFrom([]string{"", "0", "300", "-1"}).Draw(t, "senders' age")
		s.OtherConfig["enable-stateless-acl-with-lb"] = fmt.Sprint(rapid.Bool().Draw(t, "balance stateless"))
		if copp := northdtest.ID("copp"); rapid.Bool().Draw(t, "copp") {
			s.Copp = &copp
		}
		n.PutSwitch(s)
	case 1:
		n.Remove(northdtest.ID(sw))
	case 2:
		n.DelPort(sw, port)
	case 3:
		global(n, t)
	case 4:
		claim := &northd.Claim{Chassis: rapid.SampledFrom(someChassis).Draw(t, "chassis"), Up: rapid.Bool().Draw(t, "up")}
		if rapid.Bool().Draw(t, "gone") {
			claim = nil
		}
		n.Claim(port, claim)
	case 5:
		name := rapid.SampledFrom(someChassis).Draw(t, "chassis")
		n.SetChassis(name, "host-"+name, rapid.Bool().Draw(t, "there"))
	case 6, 7:
		mutateACL(n, t, sw)
	case 8:
		n.PutGroup(rapid.SampledFrom(someGroups).Draw(t, "group"), rapid.SliceOfDistinct(rapid.SampledFrom(somePorts), rapid.ID).Draw(t, "members")...)
	case 9:
		n.PutSet(rapid.SampledFrom(someSets).Draw(t, "set"), rapid.SliceOfDistinct(rapid.SampledFrom(someIPs), rapid.ID).Draw(t, "addresses")...)
	case 10:
		n.Remove(northdtest.ID(rapid.SampledFrom(append(slices.Clone(someGroups), someSets...)).Draw(t, "group or set")))
	case 11:
		mutateMeter(n, t)
	case 12:
		mutateSampling(n, t)
	case 13, 14:
		mutateRouterPort(n, t)
	case 15:
		mutateRoute(n, t)
	case 16:
		mutateRouter(n, t)
	case 17:
		mutatePolicy(n, t)
	case 18:
		mutateBFD(n, t)
	case 19:
		mutateStaticMAC(n, t)
	case 20:
		mutateLearned(n, t)
	case 21, 22:
		mutateNAT(n, t)
	case 23, 24:
		mutateBalancer(n, t)
	case 25, 26:
		mutateBalanced(n, t)
	default:
		p := n.Port(port)
		mutatePort(n, t, p)
		n.AddPort(sw, p)
	}
}

// mutateACL changes an ACL, or takes it from one of its owners.
func mutateACL(n *northdtest.Network, t *rapid.T, sw string) {
	owner := rapid.SampledFrom(append(slices.Clone(someGroups), sw)).Draw(t, "owner")
	name := rapid.SampledFrom(someACLs).Draw(t, "acl")
	if _, ok := n.Rows[northdtest.ID(owner)]; !ok && owner != sw {
		n.PutGroup(owner)
	}
	if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
		n.DelACL(owner, name)
		return
	}
	a := n.ACL(name)
	a.Match = rapid.SampledFrom(someMatches).Draw(t, "match")
	a.Action = rapid.SampledFrom([]string{"allow", "allow-related", "allow-stateless", "drop", "reject", "pass"}).Draw(t, "action")
	a.Direction = rapid.SampledFrom([]string{"from-lport", "to-lport"}).Draw(t, "direction")
	a.Options = map[string]string{"apply-after-lb": fmt.Sprint(rapid.Bool().Draw(t, "after lb"))}
	a.Tier = int64(max(0, rapid.IntRange(-3, 3).Draw(t, "tier")))
	a.Options["persist-established"] = fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "persist") == 0)
	if sample := northdtest.ID("sample"); rapid.IntRange(0, 2).Draw(t, "sampled") == 0 {
		a.SampleNew, a.SampleEst = &sample, &sample
	}
	a.Options["log-related"] = fmt.Sprint(rapid.Bool().Draw(t, "log related"))
	meter := rapid.SampledFrom(someMeters).Draw(t, "meter")
	a.Meter = &meter
	a.Log = rapid.Bool().Draw(t, "log")
	a.Label = int64(rapid.IntRange(0, 1).Draw(t, "label"))
	n.AddACL(owner, a)
}

func mutateSampling(n *northdtest.Network, t *rapid.T) {
	collector, app := northdtest.ID("collector"), rapid.SampledFrom([]string{"acl-new", "acl-est"}).Draw(t, "app")
	n.Put("Sample_Collector", &nb.SampleCollector{Header: schema.Header{UUID: collector}, ID: 1, SetID: 7,
		Probability: int64(rapid.IntRange(0, 2).Draw(t, "probability"))})
	n.Put("Sample", &nb.Sample{Header: schema.Header{UUID: northdtest.ID("sample")}, Collectors: []schema.UUID{collector},
		Metadata: int64(rapid.IntRange(1, 2).Draw(t, "point"))})
	if rapid.Bool().Draw(t, "app is there") {
		n.Put("Sampling_App", &nb.SamplingApp{Header: schema.Header{UUID: northdtest.ID(app)}, Type: app, ID: 5})
	} else {
		n.Remove(northdtest.ID(app))
	}
}

func mutateMeter(n *northdtest.Network, t *rapid.T) {
	name, band, fair := rapid.SampledFrom(someMeters).Draw(t, "meter"), northdtest.ID("band"), rapid.Bool().Draw(t, "fair")
	if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
		n.Remove(northdtest.ID(name))
		return
	}
	n.Put("Copp", &nb.Copp{Header: schema.Header{UUID: northdtest.ID("copp")}, Name: "copp",
		Meters: map[string]string{"reject": name, "nd-na": "m0", "arp": "m1", "icmp4-error": name}})
	n.Put("Meter_Band", &nb.MeterBand{Header: schema.Header{UUID: band}, Action: "drop", Rate: int64(rapid.IntRange(1, 3).Draw(t, "rate"))})
	n.Put("Meter", &nb.Meter{Header: schema.Header{UUID: northdtest.ID(name)}, Name: name, Unit: "pktps", Bands: []schema.UUID{band}, Fair: &fair})
}

func mutatePort(n *northdtest.Network, t *rapid.T, p *nb.LogicalSwitchPort) {
	switch rapid.IntRange(0, 5).Draw(t, "column") {
	case 0:
		p.PortSecurity = drawSet(t)
	case 1:
		on := rapid.Bool().Draw(t, "enabled")
		p.Enabled = &on
	case 2:
		p.Options = drawRequest(t)
		p.Options["requested-chassis"] = rapid.SampledFrom([]string{"", "hv0", "host-hv1,hv0", "hv9, hv1"}).Draw(t, "requested chassis")
		p.Type = rapid.SampledFrom([]string{"", "", "", "localnet", "router", "router"}).Draw(t, "type")
		p.Options["router-port"] = rapid.SampledFrom(someLRPs).Draw(t, "router port")
		p.Options["arp_proxy"] = rapid.SampledFrom(someProxies).Draw(t, "proxy")
		p.Options["enable_router_port_acl"] = fmt.Sprint(rapid.Bool().Draw(t, "router port's ACLs"))
	case 3:
		tag, parent := int64(rapid.IntRange(0, 3).Draw(t, "tag")), "p0"
		p.TagRequest, p.ParentName = &tag, &parent
		p.ExternalIDs = map[string]string{"neutron:port_name": "n"}
	default:
		p.Addresses = drawSet(t)
	}
}

func global(n *northdtest.Network, t *rapid.T) {
	n.Put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: northdtest.ID("global")},
		Options: map[string]string{
			"ignore_lsp_down":  fmt.Sprint(rapid.Bool().Draw(t, "ignore")),
			"default_acl_drop": fmt.Sprint(rapid.Bool().Draw(t, "default drop")),
			"use_ct_inv_match": fmt.Sprint(rapid.Bool().Draw(t, "match invalid")),

			"ecmp_nexthop_monitor_enable": fmt.Sprint(rapid.Bool().Draw(t, "monitor next hops")),

			"acl_ct_translation": fmt.Sprint(rapid.Bool().Draw(t, "ports of connections")),

			"debug_drop_collector_set": fmt.Sprint(rapid.IntRange(0, 1).Draw(t, "sample drops")),
		}})
}
