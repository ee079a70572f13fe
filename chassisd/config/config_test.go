package config

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, ps := Parse(map[string]string{
		"system-id": "hv1", "hostname": "host1", "ovn-encap-type": "vxlan, geneve", "ovn-encap-ip": "10.0.0.1",
		"ovn-encap-ip-hv1": "10.0.0.2,fd00::1", "ovn-bridge-mappings": "phys:br-ex,phys2:br-ex2",
		"ovn-cms-options": "enable-chassis-as-gw", "ovn-bridge-datapath-type": "netdev",
		"ovn-encap-csum": "false", "ovn-encap-tos": "inherit", "ovn-transport-zones": "b,a",
		"ovn-monitor-all-hv2": "true", "ovn-is-interconn": "true",
	}, "", "other")
	if len(ps) > 0 {
		t.Errorf("problems %v", ps)
	}
	a, b := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::1")
	want := Config{
		Name: "hv1", Hostname: "host1", Bridge: "br-int", DatapathType: "netdev",
		Encaps: []Encap{{"geneve", a}, {"geneve", b}, {"vxlan", a}, {"vxlan", b}},
		TOS:    "inherit", TransportZones: []string{"a", "b"}, StageElision: true,
		Mappings: []Mapping{{"phys", "br-ex"}, {"phys2", "br-ex2"}},
		// As Debian's ovn-controller 23.03 wrote them into its record.
		Texts: map[string]string{
			"is-interconn": "true", "ovn-bridge-mappings": "phys:br-ex,phys2:br-ex2", "ovn-chassis-mac-mappings": "",
			"ovn-cms-options": "enable-chassis-as-gw", "ovn-enable-lflow-cache": "true", "ovn-limit-lflow-cache": "",
			"ovn-memlimit-lflow-cache-kb": "", "ovn-monitor-all": "false", "ovn-trim-limit-lflow-cache": "",
			"ovn-trim-timeout-ms": "", "ovn-trim-wmark-perc-lflow-cache": "",
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestProblems(t *testing.T) {
	good := map[string]string{"system-id": "hv1", "ovn-encap-type": "geneve", "ovn-encap-ip": "10.0.0.1"}
	for _, c := range []struct {
		key, value string
		problem    string
		encaps     int
	}{
		{"system-id", "", "system-id: is not set: the chassis has no name", 1},
		{"system-id", "a/b", `system-id: "a/b" has a character that a chassis's name cannot have`, 1},
		{"ovn-encap-type", "", "ovn-encap-type: is not set: other chassis cannot reach this one", 0},
		{"ovn-encap-type", "stt,geneve", `ovn-encap-type: "stt" is not known: geneve and vxlan are`, 1},
		{"ovn-encap-ip", "", "ovn-encap-ip: is not set: other chassis cannot reach this one", 0},
		{"ovn-encap-ip", "10.0.0", `ovn-encap-ip: "10.0.0" is not an address that others can send to`, 0},
		{"ovn-encap-ip", "224.0.0.1,10.0.0.2", `ovn-encap-ip: "224.0.0.1" is not an address that others can send to`, 1},
		{"ovn-bridge-mappings", "phys", `ovn-bridge-mappings: "phys" is not network:bridge`, 1},
		{"ovn-chassis-mac-mappings", "phys:0a:aa:00:00:00:01,b:0a:aa", `ovn-chassis-mac-mappings: "b:0a:aa" is not network:MAC of a port`, 1},
		{"ovn-chassis-mac-mappings", "b:01:aa:00:00:00:01", `ovn-chassis-mac-mappings: "b:01:aa:00:00:00:01" is not network:MAC of a port`, 1},
		{"ovn-chassis-mac-mappings", "b:0a:aa:00:00:00:01,b:0a:aa:00:00:00:02", `ovn-chassis-mac-mappings: "b:0a:aa:00:00:00:02" comes after another address for the network`, 1},
		{"ovn-bridge-datapath-type", "foo", `ovn-bridge-datapath-type: "foo" is neither system nor netdev`, 1},
	} {
		ids := map[string]string{c.key: c.value}
		for k, v := range good {
			if k != c.key {
				ids[k] = v
			}
		}
		cfg, ps := Parse(ids, "", "host")
		if len(ps) != 1 || ps[0].String() != c.problem {
			t.Errorf("%s=%q: %v, want %q", c.key, c.value, ps, c.problem)
		}
		if len(cfg.Encaps) != c.encaps {
			t.Errorf("%s=%q: encaps %v, want %d", c.key, c.value, cfg.Encaps, c.encaps)
		}
	}
	if cfg, ps := Parse(good, "other", "host"); len(ps) > 0 || cfg.Name != "other" || cfg.Hostname != "host" {
		t.Errorf("a name from above: %+v %v", cfg, ps)
	}
}

func TestRemotes(t *testing.T) {
	for _, c := range []struct {
		in          string
		etcd, ovsdb []string
		problems    int
	}{
		{"", nil, nil, 0},
		{"etcd:http://10.0.0.9:2379", []string{"http://10.0.0.9:2379"}, nil, 0},
		{"etcd:https://a:2379, https://b:2379", []string{"https://a:2379", "https://b:2379"}, nil, 0},
		{"tcp:10.0.0.9:6642,ssl:h:6642,unix:/run/ovn/ovnsb_db.sock", nil, []string{"tcp:10.0.0.9:6642", "ssl:h:6642", "unix:/run/ovn/ovnsb_db.sock"}, 0},
		{"etcd:10.0.0.9", nil, nil, 1},
		{"http://", nil, nil, 1},
		{"tcp:,foo:x,nonsense", nil, nil, 3},
	} {
		etcd, ovsdb, ps := Remotes(c.in)
		if diff := cmp.Diff(c.etcd, etcd) + cmp.Diff(c.ovsdb, ovsdb); diff != "" || len(ps) != c.problems {
			t.Errorf("%q: %v %v %v", c.in, etcd, ovsdb, ps)
		}
	}
}
