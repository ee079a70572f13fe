package northd_test

import (
	"fmt"
	"slices"

	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"pgregory.net/rapid"
)

// routerOf returns a router's row to change; there is one from now on.
func routerOf(n *northdtest.Network, name string) *nb.LogicalRouter {
	if ch, ok := n.Rows[northdtest.ID(name)]; ok {
		row := *ch.New.(*nb.LogicalRouter)
		return &row
	}
	return &nb.LogicalRouter{Header: schema.Header{UUID: northdtest.ID(name)}, Name: name}
}

// refer adds a row to a sorted list of references, or takes it out.
func refer(list []schema.UUID, id schema.UUID, there bool) []schema.UUID {
	list = slices.DeleteFunc(slices.Clone(list), func(u schema.UUID) bool { return u == id })
	if there {
		list = append(list, id)
		slices.SortFunc(list, schema.UUID.Compare)
	}
	return list
}

func mutateRouter(n *northdtest.Network, t *rapid.T) {
	name := rapid.SampledFrom(someRouters).Draw(t, "router")
	if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
		n.Remove(northdtest.ID(name))
		return
	}
	row := routerOf(n, name)
	on := rapid.IntRange(0, 3).Draw(t, "disabled") > 0
	row.Enabled, row.Options = &on, drawRequest(t)
	if at := rapid.SampledFrom([]string{"", "", "hv0", "host-hv1"}).Draw(t, "gateway router on"); at != "" {
		row.Options["chassis"] = at
	}
	row.Options["mac_binding_age_threshold"] = rapid.SampledFrom([]string{"", "0", "60", "10.0.0.0/8:300;20", "x"}).Draw(t, "neighbours' age")
	row.Options["lb_force_snat_ip"] = rapid.SampledFrom([]string{"", "", "router_ip", "10.9.9.9 fd00:9::9", "x"}).Draw(t, "forced")
	row.Options["dynamic_neigh_routers"] = fmt.Sprint(rapid.Bool().Draw(t, "asks"))
	if copp := northdtest.ID("copp"); rapid.Bool().Draw(t, "copp") {
		row.Copp = &copp
	}
	n.Put("Logical_Router", row)
}

func mutateRouterPort(n *northdtest.Network, t *rapid.T) {
	row := routerOf(n, rapid.SampledFrom(someRouters).Draw(t, "router"))
	name := rapid.SampledFrom(someLRPs).Draw(t, "router port")
	there := rapid.IntRange(0, 4).Draw(t, "remove") > 0
	row.Ports = refer(row.Ports, northdtest.ID(name), there)
	n.Put("Logical_Router", row)
	if !there {
		n.Remove(northdtest.ID(name))
		return
	}
	p := &nb.LogicalRouterPort{Header: schema.Header{UUID: northdtest.ID(name)}, Name: name, Options: drawRequest(t),
		MAC:      rapid.SampledFrom(someMACs).Draw(t, "mac"),
		Networks: rapid.SliceOfNDistinct(rapid.SampledFrom(someNetworks), 1, 3, rapid.ID).Draw(t, "networks")}
	slices.Sort(p.Networks)
	on := rapid.IntRange(0, 3).Draw(t, "disabled") > 0
	p.Enabled = &on
	p.Options["route_table"] = rapid.SampledFrom(someTables).Draw(t, "route table")
	if peer := rapid.SampledFrom(someLRPs).Draw(t, "peer"); rapid.IntRange(0, 2).Draw(t, "peered") == 0 {
		p.Peer = &peer
	}
	mutateGateway(n, t, p)
	n.Put("Logical_Router_Port", p)
}

// mutateGateway makes a router's port a gateway port, or not, with a size of
// what may pass.
func mutateGateway(n *northdtest.Network, t *rapid.T, p *nb.LogicalRouterPort) {
	p.Options["gateway_mtu"] = rapid.SampledFrom([]string{"0", "1300", "1400", "x"}).Draw(t, "gateway mtu")
	p.Options["gateway_mtu_bypass"] = rapid.SampledFrom([]string{"tcp", "ip4.src == $as0", "tcp &&"}).Draw(t, "bypass")
	p.Options["redirect-type"] = rapid.SampledFrom([]string{"", "overlay", "bridged", "x"}).Draw(t, "redirect type")
	p.Options["reside-on-redirect-chassis"] = fmt.Sprint(rapid.Bool().Draw(t, "resides"))
	group, member, gateway := northdtest.ID("ha group"), northdtest.ID("ha chassis"), northdtest.ID("gateway of "+p.Name)
	chassis, priority := rapid.SampledFrom(someChassis).Draw(t, "gateway chassis"), int64(rapid.IntRange(0, 2).Draw(t, "priority"))
	kind := rapid.IntRange(0, 5).Draw(t, "gateway")
	if kind == 0 || kind == 1 {
		n.Put("HA_Chassis", &nb.HAChassis{Header: schema.Header{UUID: member}, ChassisName: chassis, Priority: priority})
		n.Put("HA_Chassis_Group", &nb.HAChassisGroup{Header: schema.Header{UUID: group}, Name: "ha", HAChassis: []schema.UUID{member}})
		p.HAChassisGroup = &group
	}
	if kind == 1 || kind == 2 {
		n.Put("Gateway_Chassis", &nb.GatewayChassis{Header: schema.Header{UUID: gateway}, Name: p.Name + "-gw", ChassisName: chassis, Priority: priority})
		p.GatewayChassis = []schema.UUID{gateway}
	} else {
		n.Remove(gateway)
	}
}

func mutateRoute(n *northdtest.Network, t *rapid.T) {
	row := routerOf(n, rapid.SampledFrom(someRouters).Draw(t, "router"))
	id := northdtest.ID(rapid.SampledFrom(someRoutes).Draw(t, "route"))
	there := rapid.IntRange(0, 3).Draw(t, "remove") > 0
	row.StaticRoutes = refer(row.StaticRoutes, id, there)
	n.Put("Logical_Router", row)
	if !there {
		n.Remove(id)
		return
	}
	s := &nb.LogicalRouterStaticRoute{Header: schema.Header{UUID: id},
		IPPrefix: rapid.SampledFrom(somePrefixes).Draw(t, "prefix"), Nexthop: rapid.SampledFrom(someHops).Draw(t, "next hop")}
	if out := rapid.SampledFrom(someLRPs).Draw(t, "output port"); rapid.Bool().Draw(t, "given") {
		s.OutputPort = &out
	}
	s.RouteTable = rapid.SampledFrom(someTables).Draw(t, "route table")
	if rapid.IntRange(0, 4).Draw(t, "by source") == 0 {
		by := "src-ip"
		s.Policy = &by
	}
	if rapid.Bool().Draw(t, "fields") {
		s.SelectionFields = []string{"ip_dst", "ip_src"}[rapid.IntRange(0, 1).Draw(t, "which"):]
	}
	s.Options = map[string]string{"ecmp_symmetric_reply": fmt.Sprint(rapid.Bool().Draw(t, "symmetric")),
		"override-connected": fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "override") == 0)}
	if session := northdtest.ID(rapid.SampledFrom(someSessions).Draw(t, "session")); rapid.Bool().Draw(t, "watched") && n.Rows[session].New != nil {
		s.BFD = &session
	}
	n.Put("Logical_Router_Static_Route", s)
}

// someTables are route tables and chains of policies.
var someTables = []string{"", "", "", "blue", "red"}

func mutatePolicy(n *northdtest.Network, t *rapid.T) {
	row := routerOf(n, rapid.SampledFrom(someRouters).Draw(t, "router"))
	id := northdtest.ID("policy-" + rapid.SampledFrom(someRoutes).Draw(t, "policy"))
	there := rapid.IntRange(0, 3).Draw(t, "remove") > 0
	row.Policies = refer(row.Policies, id, there)
	n.Put("Logical_Router", row)
	if !there {
		n.Remove(id)
		return
	}
	p := &nb.LogicalRouterPolicy{Header: schema.Header{UUID: id}, Priority: int64(rapid.IntRange(0, 3).Draw(t, "priority")),
		Match: rapid.SampledFrom(someMatches).Draw(t, "match"), Action: rapid.SampledFrom([]string{"allow", "drop", "reroute", "reroute", "jump"}).Draw(t, "action"),
		Nexthops: rapid.SliceOfNDistinct(rapid.SampledFrom(someHops), 0, 3, rapid.ID).Draw(t, "next hops"),
		Options:  map[string]string{"pkt_mark": fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "mark"))}}
	slices.Sort(p.Nexthops)
	if chain := rapid.SampledFrom(someTables).Draw(t, "chain"); chain != "" {
		p.Chain = &chain
	}
	if chain := rapid.SampledFrom(someTables).Draw(t, "jump chain"); chain != "" {
		p.JumpChain = &chain
	}
	if out := northdtest.ID(rapid.SampledFrom(someLRPs).Draw(t, "output port")); rapid.IntRange(0, 3).Draw(t, "given") == 0 && n.Rows[out].New != nil {
		p.OutputPort = &out
	}
	if session := northdtest.ID(rapid.SampledFrom(someSessions).Draw(t, "session")); rapid.Bool().Draw(t, "watched") && n.Rows[session].New != nil {
		p.BFDSessions = []schema.UUID{session}
	}
	n.Put("Logical_Router_Policy", p)
}

// mutateBFD changes a session, what its agent says of it, or takes it away from those
// that use it: references to it are weak.
func mutateBFD(n *northdtest.Network, t *rapid.T) {
	id := northdtest.ID(rapid.SampledFrom(someSessions).Draw(t, "session"))
	switch rapid.IntRange(0, 3).Draw(t, "session's change") {
	case 0:
		for _, row := range n.Rows {
			switch row := row.New.(type) {
			case *nb.LogicalRouterStaticRoute:
				if row.BFD != nil && *row.BFD == id {
					without := *row
					without.BFD = nil
					n.Put("Logical_Router_Static_Route", &without)
				}
			case *nb.LogicalRouterPolicy:
				if slices.Contains(row.BFDSessions, id) {
					without := *row
					without.BFDSessions = refer(row.BFDSessions, id, false)
					n.Put("Logical_Router_Policy", &without)
				}
			}
		}
		n.Remove(id)
		n.Wrote("BFD", id, nil)
	case 1:
		if n.Rows[id].New != nil {
			n.Wrote("BFD", id, &sb.BFD{Header: schema.Header{UUID: id}, Status: rapid.SampledFrom([]string{"admin_down", "down", "init", "up"}).Draw(t, "status")})
		}
	default:
		row := &nb.BFD{Header: schema.Header{UUID: id}, LogicalPort: rapid.SampledFrom(someLRPs).Draw(t, "router port"),
			DstIP: rapid.SampledFrom([]string{"10.0.0.2", "fd00::2", "x"}).Draw(t, "peer")}
		if mult := int64(rapid.SampledFrom([]int{1, 5, 300}).Draw(t, "multiplier")); rapid.Bool().Draw(t, "given") {
			row.DetectMult, row.MinTX, row.MinRX = &mult, &mult, &mult
		}
		n.Put("BFD", row)
	}
}

func mutateStaticMAC(n *northdtest.Network, t *rapid.T) {
	id := northdtest.ID(rapid.SampledFrom([]string{"mac0", "mac1"}).Draw(t, "static MAC"))
	if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
		n.Remove(id)
		return
	}
	n.Put("Static_MAC_Binding", &nb.StaticMACBinding{Header: schema.Header{UUID: id}, LogicalPort: rapid.SampledFrom(someLRPs).Draw(t, "router port"),
		IP: rapid.SampledFrom(someIPs).Draw(t, "ip"), MAC: rapid.SampledFrom(someMACs).Draw(t, "mac"), OverrideDynamicMAC: rapid.Bool().Draw(t, "overrides")})
}

// mutateLearned changes what agents have learned of a neighbour.
func mutateLearned(n *northdtest.Network, t *rapid.T) {
	port, ip := rapid.SampledFrom(someLRPs).Draw(t, "router port"), rapid.SampledFrom([]string{"10.0.0.2", "fd00::2"}).Draw(t, "neighbour")
	id := northdtest.ID("learned " + port + " " + ip)
	if rapid.IntRange(0, 2).Draw(t, "forgotten") == 0 {
		n.Wrote("MAC_Binding", id, nil)
		return
	}
	n.Wrote("MAC_Binding", id, &sb.MACBinding{Header: schema.Header{UUID: id}, LogicalPort: port, IP: ip, MAC: rapid.SampledFrom(someMACs[:4]).Draw(t, "mac")})
}

// mutateNAT changes a translation, mostly one that can be made.
func mutateNAT(n *northdtest.Network, t *rapid.T) {
	row := routerOf(n, rapid.SampledFrom(someRouters).Draw(t, "router"))
	id := northdtest.ID("nat-" + rapid.SampledFrom(someRoutes).Draw(t, "NAT"))
	there := rapid.IntRange(0, 3).Draw(t, "remove") > 0
	row.NAT = refer(row.NAT, id, there)
	row.Options = map[string]string{"dnat_force_snat_ip": rapid.SampledFrom([]string{"", "10.0.0.9", "10.0.0.9 fd00::9", "x"}).Draw(t, "forced"),
		"ct-commit-all": fmt.Sprint(rapid.Bool().Draw(t, "commit all"))}
	if at := rapid.SampledFrom([]string{"", "hv0"}).Draw(t, "gateway router on"); at != "" {
		row.Options["chassis"] = at
	}
	n.Put("Logical_Router", row)
	if !there {
		n.Remove(id)
		return
	}
	nat := &nb.NAT{Header: schema.Header{UUID: id}, Type: rapid.SampledFrom([]string{"snat", "dnat", "dnat_and_snat"}).Draw(t, "type"),
		ExternalIP: rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.8", "fd00::8", "x"}).Draw(t, "external"),
		LogicalIP:  rapid.SampledFrom([]string{"10.0.1.8", "10.0.1.0/24", "0.0.0.0/0", "fd00:1::8", "fd00:1::/64"}).Draw(t, "logical"),
		Options:    map[string]string{"stateless": fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "stateless") == 0), "add_route": fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "add_route") == 0)}}
	nat.ExternalPortRange = rapid.SampledFrom([]string{"", "", "1-30", "5", "x"}).Draw(t, "ports")
	if mac, port := rapid.SampledFrom(someMACs).Draw(t, "mac"), rapid.SampledFrom(somePorts).Draw(t, "port"); rapid.Bool().Draw(t, "where the VM is") {
		nat.ExternalMAC, nat.LogicalPort = &mac, &port
	}
	if gateway := northdtest.ID(rapid.SampledFrom(someLRPs).Draw(t, "gateway port")); rapid.IntRange(0, 2).Draw(t, "given") == 0 && n.Rows[gateway].New != nil {
		nat.GatewayPort = &gateway
	}
	if rapid.IntRange(0, 2).Draw(t, "matched") == 0 {
		nat.Match, nat.Priority = rapid.SampledFrom(someMatches).Draw(t, "match"), int64(rapid.IntRange(0, 3).Draw(t, "priority"))
	}
	n.Put("NAT", nat)
}
