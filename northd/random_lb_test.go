package northd_test

import (
	"fmt"

	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"pgregory.net/rapid"
)

var (
	someBalancers = []string{"lb0", "lb1", "lb2"}
	someVIPs      = []string{"10.0.0.100:80", "10.0.0.100", "172.16.0.10:80", "[fd00::100]:80", "fd00::100", "10.0.0.254:53", "x", "10.0.0.100:0", "^VIP:^PORT", "^VIP:80", "^VIP"}
	someBackends  = []string{"", "10.0.0.1:8080", "10.0.0.1:8080,10.0.0.2:8080", "10.0.0.2", "[fd00::1]:8080", "fd00::1,fd00::2", "10.0.0.3:1,y", "^B", "^IP:^PORT,^IP:1"}
	// What agents put in place of the variables, by whether they are of IPv6.
	someValues = map[bool]map[string]string{
		false: {"VIP": "10.9.0.1", "PORT": "80", "B": "10.0.0.1:8080,10.0.0.2:81", "IP": "10.0.0.3"},
		true:  {"VIP": "fd09::1", "PORT": "80", "B": "[fd00::1]:8080,[fd00::2]:81", "IP": "fd00::3"},
	}
)

// mutateBalancer changes a load balancer, or takes it away from all.
func mutateBalancer(n *northdtest.Network, t *rapid.T) {
	name := rapid.SampledFrom(someBalancers).Draw(t, "load balancer")
	id := northdtest.ID(name)
	if rapid.IntRange(0, 5).Draw(t, "remove") == 0 {
		n.Remove(id)
		return
	}
	proto := rapid.SampledFrom([]string{"tcp", "udp", "sctp"}).Draw(t, "protocol")
	row := &nb.LoadBalancer{Header: schema.Header{UUID: id}, Name: rapid.SampledFrom([]string{name, "same"}).Draw(t, "name"), Protocol: &proto,
		VIPs: rapid.MapOfN(rapid.SampledFrom(someVIPs), rapid.SampledFrom(someBackends), 0, 4).Draw(t, "VIPs"),
		Options: map[string]string{
			"template":           rapid.SampledFrom([]string{"", "true", "v"}).Draw(t, "template"),
			"address-family":     rapid.SampledFrom([]string{"", "ipv4", "ipv6", "u"}).Draw(t, "family"),
			"affinity_timeout":   rapid.SampledFrom([]string{"", "60", "t"}).Draw(t, "affinity"),
			"event":              fmt.Sprint(rapid.Bool().Draw(t, "event")),
			"use_stateless_nat":  fmt.Sprint(rapid.Bool().Draw(t, "stateless")),
			"distributed":        fmt.Sprint(rapid.Bool().Draw(t, "distributed")),
			"add_route":          fmt.Sprint(rapid.Bool().Draw(t, "add route")),
			"reject":             fmt.Sprint(rapid.Bool().Draw(t, "reject")),
			"skip_snat":          fmt.Sprint(rapid.Bool().Draw(t, "skip")),
			"hairpin_snat_ip":    rapid.SampledFrom([]string{"", "10.8.8.8", "10.8.8.8 fd00:8::8", "z"}).Draw(t, "hairpin"),
			"neighbor_responder": rapid.SampledFrom([]string{"", "all", "none", "reachable", "w"}).Draw(t, "answers"),
		}}
	if rapid.Bool().Draw(t, "fields") {
		row.SelectionFields = []string{"ip_dst", "ip_src"}
	}
	row.IPPortMappings = rapid.MapOfN(rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", "[fd00::1]", "v"}),
		rapid.SampledFrom([]string{somePorts[0] + ":10.0.0.253", somePorts[1] + ":[fd00::fd]", "nowhere:10.0.0.253", somePorts[1] + ":10.0.0.254", "u"}), 0, 4).Draw(t, "mappings")
	if rapid.Bool().Draw(t, "checked") {
		checkBalancer(n, t, row)
	}
	n.Put("Load_Balancer", row)
}

// checkBalancer has the backends of one of its VIPs be asked whether they serve; one of
// them does, or not.
func checkBalancer(n *northdtest.Network, t *rapid.T, row *nb.LoadBalancer) {
	check := &nb.LoadBalancerHealthCheck{Header: schema.Header{UUID: northdtest.ID(row.UUID.String() + " check")}, VIP: rapid.SampledFrom(someVIPs).Draw(t, "checked VIP"),
		Options: map[string]string{"interval": rapid.SampledFrom([]string{"1", "2", "x"}).Draw(t, "interval")}}
	n.Put("Load_Balancer_Health_Check", check)
	row.HealthCheck = []schema.UUID{check.UUID}
	status := rapid.SampledFrom([]string{"online", "offline"}).Draw(t, "status")
	id := schema.NameUUID("Service_Monitor", somePorts[0], "10.0.0.1", "8080", *row.Protocol)
	n.Wrote("Service_Monitor", id, &sb.ServiceMonitor{Header: schema.Header{UUID: id}, Status: &status})
}

// mutateBalanced changes which load balancers a group, a switch or a router has.
func mutateBalanced(n *northdtest.Network, t *rapid.T) {
	balancer := northdtest.ID(rapid.SampledFrom(someBalancers).Draw(t, "load balancer"))
	group, there := northdtest.ID("lb group"), rapid.IntRange(0, 3).Draw(t, "out") > 0
	if _, ok := n.Rows[group]; !ok {
		n.Put("Load_Balancer_Group", &nb.LoadBalancerGroup{Header: schema.Header{UUID: group}, Name: "group"})
	}
	byGroup := rapid.Bool().Draw(t, "by group")
	switch rapid.IntRange(0, 2).Draw(t, "of") {
	case 0:
		row := *n.Rows[group].New.(*nb.LoadBalancerGroup)
		row.LoadBalancer = refer(row.LoadBalancer, balancer, there)
		n.Put("Load_Balancer_Group", &row)
	case 1:
		s := *n.Switch(rapid.SampledFrom(someSwitches).Draw(t, "switch"))
		if byGroup {
			s.LoadBalancerGroup = refer(s.LoadBalancerGroup, group, there)
		} else {
			s.LoadBalancer = refer(s.LoadBalancer, balancer, there)
		}
		n.PutSwitch(&s)
	default:
		r := routerOf(n, rapid.SampledFrom(someRouters).Draw(t, "router"))
		if byGroup {
			r.LoadBalancerGroup = refer(r.LoadBalancerGroup, group, there)
		} else {
			r.LoadBalancer = refer(r.LoadBalancer, balancer, there)
		}
		n.Put("Logical_Router", r)
	}
}
