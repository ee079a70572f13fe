package tunnel

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/vswitch"
)

func TestWanted(t *testing.T) {
	remotes := []Remote{
		{Chassis: "hv2", Type: "geneve", IP: "10.0.0.2", Csum: "true", Rev: 5},
		{Chassis: "hv1", Type: "geneve", IP: "10.0.0.1", Rev: 4}, // ourselves
		{Chassis: "hv3", Type: "geneve", IP: "10.0.0.33", Csum: "false", Rev: 6},
		{Chassis: "hv3", Type: "geneve", IP: "10.0.0.3", Csum: "false", Rev: 6},
		{Chassis: "hv3", Type: "vxlan", IP: "10.0.0.3", Rev: 6},
		{Chassis: "old", Type: "geneve", IP: "10.0.0.2", Rev: 2},
		{Chassis: "vx", Type: "vxlan", IP: "10.0.0.9", Rev: 7},
		{Chassis: "liar", Type: "geneve", IP: "10.0.0.1", Rev: 8},
		{Chassis: "far", Type: "geneve", IP: "10.0.0.7", Zones: []string{"z"}, Rev: 9},
	}
	self := Self{Name: "hv1", Addrs: []string{"10.0.0.1"}, Local: "10.0.0.1", TOS: "inherit"}
	want, problems := Wanted(self, remotes)
	opts := func(ip, csum string) map[string]string {
		return map[string]string{"key": "flow", "remote_ip": ip, "csum": csum, "local_ip": "10.0.0.1", "tos": "inherit"}
	}
	if diff := cmp.Diff([]Tunnel{
		{"hv2", "10.0.0.2", opts("10.0.0.2", "true")},
		{"hv3", "10.0.0.3", opts("10.0.0.3", "false")},
		{"hv3", "10.0.0.33", opts("10.0.0.33", "false")},
	}, want); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"chassis liar says that it has our address 10.0.0.1",
		"chassis old and the newer hv2 both say that they have address 10.0.0.2",
		"chassis vx offers no geneve, only vxlan",
	}, problems); diff != "" {
		t.Error(diff)
	}
	self.TransportZones = []string{"y", "z"}
	if want, _ := Wanted(self, remotes); len(want) != 1 || want[0].Chassis != "far" {
		t.Errorf("in zone z: %v", want)
	}
}

func TestParseID(t *testing.T) {
	for _, c := range []struct {
		id, chassis, ip string
		ok              bool
	}{
		{"hv2@10.0.0.2", "hv2", "10.0.0.2", true},
		{"hv2@10.0.0.2%10.0.0.1", "hv2", "10.0.0.2", true},
		{"a@b@fd00::2", "a@b", "fd00::2", true},
		{"hv2@", "hv2", "", false},
		{"hv2", "", "", false},
		{"@10.0.0.2", "", "", false},
	} {
		chassis, ip, ok := ParseID(c.id)
		if chassis != c.chassis || ip != c.ip || ok != c.ok {
			t.Errorf("%q: %q %q %v", c.id, chassis, ip, ok)
		}
	}
}

func TestPlan(t *testing.T) {
	good := map[string]string{"key": "flow", "remote_ip": "10.0.0.2"}
	want := []Tunnel{
		{"hv2", "10.0.0.2", good},
		{"hv3", "10.0.0.3", map[string]string{"key": "flow", "remote_ip": "10.0.0.3"}},
		{"longname1", "10.0.0.4", nil},
		{"longname2", "10.0.0.5", nil},
	}
	have := []Port{
		{UUID: "p-foreign", Name: "gnv", Type: "geneve"},
		{UUID: "p-hv2", Iface: "i-hv2", Name: "ovn-hv2-0", Type: "geneve", ID: "hv2@10.0.0.2%10.0.0.1", Options: good},
		{UUID: "p-double", Name: "ovn-hv2-1", Type: "geneve", ID: "hv2@10.0.0.2", Options: good},
		{UUID: "p-hv3", Iface: "i-hv3", Name: "ovn-hv3-0", Type: "geneve", ID: "hv3@10.0.0.3", Options: good},
		{UUID: "p-gone", Name: "ovn-hv4-0", Type: "geneve", ID: "hv4@10.0.0.4"},
		{UUID: "p-vxlan", Name: "ovn-hv5-0", Type: "vxlan", ID: "longname1@10.0.0.4"},
	}
	var got, exp vswitch.Txn
	Plan(&got, "br", Self{}, want, have, func(n string) bool { return n == "ovn-longna-0" })
	exp.DeletePort("br", "p-double")
	exp.DeletePort("br", "p-vxlan")
	exp.SetOptions("i-hv3", want[1].Options)
	exp.AddPort("br", vswitch.PortSpec{Name: "ovn-longna-1", Type: "geneve", ExternalIDs: map[string]string{Mark: "longname1@10.0.0.4"}})
	exp.AddPort("br", vswitch.PortSpec{Name: "ovn-longna-2", Type: "geneve", ExternalIDs: map[string]string{Mark: "longname2@10.0.0.5"}})
	exp.DeletePort("br", "p-gone")
	if got.String() != exp.String() {
		t.Errorf("got\n%s\nwant\n%s", got.String(), exp.String())
	}
	var none vswitch.Txn
	Plan(&none, "br", Self{}, want[:1], have[:2], func(string) bool { return false })
	if !none.Empty() {
		t.Errorf("what is right is changed: %s", none.String())
	}
}
