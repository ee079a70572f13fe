package serve

import "fmt"

// gateway makes a router's port a gateway port, or says what the switch's port at its
// other end announces.
func (w *network) gateway(port string) {
	switch w.IntN(3) {
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
