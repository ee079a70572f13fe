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
	bfd := func(chassis string) map[string]string {
		if chassis != "hv3" {
			return nil
		}
		return BFD{Mult: 5}.Column()
	}
	want, problems := Wanted(self, remotes, bfd)
	opts := func(ip, csum string) map[string]string {
		return map[string]string{"key": "flow", "remote_ip": ip, "csum": csum, "local_ip": "10.0.0.1", "tos": "inherit"}
	}
	watched := map[string]string{"enable": "true", "mult": "5"}
	if diff := cmp.Diff([]Tunnel{
		{"hv2", "10.0.0.2", opts("10.0.0.2", "true"), nil},
		{"hv3", "10.0.0.3", opts("10.0.0.3", "false"), watched},
		{"hv3", "10.0.0.33", opts("10.0.0.33", "false"), watched},
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
	// One transaction wrote both, or the newer is in another zone.
	same := []Remote{{Chassis: "b", Type: "geneve", IP: "1", Rev: 3}, {Chassis: "c", Type: "geneve", IP: "1", Rev: 3}, {Chassis: "a", Type: "geneve", IP: "1", Rev: 3}}
	if want, _ := Wanted(self, same, bfd); len(want) != 1 || want[0].Chassis != "c" {
		t.Errorf("of one transaction: %v", want)
	}
	same[1].Zones, same[1].Rev = []string{"z"}, 4
	if want, _ := Wanted(self, same, bfd); len(want) != 0 {
		t.Errorf("a tunnel to where the newer chassis is: %v", want)
	}
	self.TransportZones = []string{"y", "z"}
	if want, _ := Wanted(self, remotes, bfd); len(want) != 1 || want[0].Chassis != "far" {
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
	to := func(ip string) map[string]string { return map[string]string{"key": "flow", "remote_ip": ip} }
	on := BFD{MinRX: 100, MinTX: 200, DecayMinRX: 300}.Column()
	want := []Tunnel{
		{"hv2", "10.0.0.2", to("10.0.0.2"), on},
		{"hv3", "10.0.0.3", map[string]string{"key": "flow", "remote_ip": "10.0.0.3", "csum": "true"}, on},
		{"longname1", "10.0.0.4", nil, nil},
		{"longname2", "10.0.0.5", nil, on},
		{"reborn", "10.0.0.6", to("10.0.0.6"), nil},
		{"waits", "10.0.0.7", to("10.0.0.7"), on},
	}
	mark := func(id string) map[string]string { return map[string]string{Mark: id} }
	have := []Port{
		{UUID: "p-foreign", Name: "gnv", Type: "geneve", Works: true},
		{UUID: "p-hv2", Iface: "i-hv2", Name: "ovn-hv2-1", Type: "geneve", IDs: mark("hv2@10.0.0.2%10.0.0.1"), Options: to("10.0.0.2"), BFD: on, Works: true},
		{UUID: "p-double", Name: "ovn-hv2-0", Type: "geneve", IDs: mark("hv2@10.0.0.2"), Options: to("10.0.0.2")}, // the switch refused it
		{UUID: "p-hv3", Iface: "i-hv3", Name: "ovn-hv3-0", Type: "geneve", IDs: mark("hv3@10.0.0.3"), Options: to("10.0.0.3"), Works: true},
		{UUID: "p-gone", Name: "ovn-hv4-0", Type: "geneve", IDs: mark("hv4@10.0.0.14"), Works: true},
		{UUID: "p-vxlan", Name: "ovn-hv5-0", Type: "vxlan", IDs: mark("longname1@10.0.0.4"), Works: true},
		{UUID: "p-old", Iface: "i-old", Name: "ovn-old-0", Type: "geneve", IDs: mark("old@10.0.0.6"), Options: to("10.0.0.6"), BFD: map[string]string{"enable": "true"}, Works: true},
		{UUID: "p-odd", Name: "ovn-odd-0", Type: "geneve", IDs: mark("odd"), Options: to("10.0.0.7"), Works: true},
	}
	var got, exp vswitch.Txn
	Plan(&got, "br", Self{}, want, have, func(n string) bool { return n == "ovn-longna-0" })
	exp.DeletePort("br", "p-double")
	exp.DeletePort("br", "p-vxlan")
	exp.DeletePort("br", "p-odd")
	exp.SetOptions("i-hv3", want[1].Options)
	exp.SetBFD("i-hv3", map[string]string{"enable": "true", "min_rx": "100", "min_tx": "200", "decay_min_rx": "300"})
	exp.AddPort("br", vswitch.PortSpec{Name: "ovn-longna-1", Type: "geneve", ExternalIDs: map[string]string{Mark: "longname1@10.0.0.4"}})
	exp.AddPort("br", vswitch.PortSpec{Name: "ovn-longna-2", Type: "geneve", BFD: on, ExternalIDs: map[string]string{Mark: "longname2@10.0.0.5"}})
	exp.PortIDs("p-old", mark("old@10.0.0.6"), mark("reborn@10.0.0.6")) // the port stays, its packets too
	exp.SetBFD("i-old", nil)
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
