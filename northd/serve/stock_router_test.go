package serve

import "fmt"

// gateway makes a router's port a gateway port, or says what the switch's port at its
// other end announces.
func (w *network) gateway(router, port string, k int) {
	kind := w.IntN(3)
	if w.translates[router] {
		kind = 2 // with several gateway ports stock wants to be told which one
	}
	w.gateways[router]++
	switch kind {
	case 0:
		w.do("lrp-set-gateway-chassis", port, "hv1", "10", "--", "lrp-set-gateway-chassis", port, "hv2", "5")
	case 1:
		member, group := "@"+port+"-m", "@"+port+"-g"
		w.do("--id="+member, "create", "HA_Chassis", "chassis_name=hv1", "priority=7")
		w.do("--id="+group, "create", "HA_Chassis_Group", "name="+port+"-ha", "ha_chassis="+member)
		w.do("set", "Logical_Router_Port", port, "ha_chassis_group="+group)
	}
	if w.yes() {
		w.do("set", "Logical_Router_Port", port, "options:"+w.one("redirect-type=bridged", "redirect-type=overlay", "reside-on-redirect-chassis=true", "gateway_mtu=1400"))
	}
	if w.yes() {
		w.do("set", "Logical_Switch_Port", "to-"+port, "options:"+w.one("nat-addresses=router", "nat-addresses=\"40:44:00:00:aa:01 10.9.0.1\"", "exclude-lb-vips-from-garp=true"))
	}
	if kind < 2 && w.gateways[router] == 1 {
		w.translates[router] = true
		w.translate(router, port, k)
	}
}

// translate adds some NAT by a gateway port.
func (w *network) translate(router, port string, k int) {
	for i := range w.IntN(4) {
		outside, inside := fmt.Sprintf("10.%d.0.%d", k, 200+i), fmt.Sprintf("10.%d.1.%d", 100+k, i+1)
		switch w.IntN(4) {
		case 0:
			w.do("lr-nat-add", router, "snat", outside, fmt.Sprintf("10.%d.%d.0/24", 100+k, 2+i))
		case 1:
			w.do("lr-nat-add", router, "dnat", outside, inside)
		case 2:
			w.do("lr-nat-add", router, "dnat_and_snat", outside, inside)
		default:
			w.do("--id=@"+port+"-n", "create", "NAT", "type=dnat_and_snat", "external_ip="+outside, "logical_ip="+inside, "external_mac=\"40:44:00:00:ee:01\"", "logical_port=somewhere",
				"--", "add", "Logical_Router", router, "nat", "@"+port+"-n")
			return
		}
	}
}

// neighbours are what a router knows of others behind a port: static addresses, and
// routes and policies whose next hop is watched.
func (w *network) neighbours(router, port string, k int) {
	hop, session := fmt.Sprintf("10.%d.0.77", k), "@"+port+"-b"
	if w.IntN(3) == 0 {
		w.do("static-mac-binding-add", port, hop, "40:44:00:00:77:01")
	}
	switch w.IntN(4) {
	case 0:
		w.do("--id="+session, "create", "BFD", "logical_port="+port, "dst_ip="+hop, "min_tx=500", "detect_mult=3")
		w.do("--id=@"+port+"-r", "create", "Logical_Router_Static_Route", fmt.Sprintf("ip_prefix=10.%d.7.0/24", 50+k), "nexthop="+hop, "bfd="+session,
			"--", "add", "Logical_Router", router, "static_routes", "@"+port+"-r")
	case 1:
		w.do("create", "BFD", "logical_port="+port, "dst_ip="+hop)
	case 2:
		w.do("lr-policy-add", router, fmt.Sprint(10+k), "ip4.src == 10.9.9.0/24", "reroute", hop)
	}
}
