package main

import (
	"fmt"
	"time"
)

// Figures of clouds with floating IPs: routers of 200 each on one provider network,
// each router with a gateway, a switch of 200 VMs and SNAT for all of them. Every
// other floating IP is where its VM is, the others are at the gateway. hv1 has 20
// VMs of the first router, and is its gateway.
//
//   - cold-compile: northd from its start, with an empty Southbound database, until
//     that holds everything;
//   - fip-add: a floating IP of the first router for a VM of hv1, from the
//     transaction until it is in the switch; of 15, every other one at the gateway,
//     the median. It must not depend on the number of floating IPs;
//   - agent-fip-flows, agent-fip-memory: what hv1's agent has put into the switch,
//     and the memory that it holds by then (its own, without the program's file).
type fipCloud struct{ routers, each int }

var (
	fewFIPs  = fipCloud{5, 200}
	manyFIPs = fipCloud{50, 200}
)

// localFIPs are the VMs of hv1 that have one from the first.
const localFIPs = 20

func (z fipCloud) name() string { return fmt.Sprintf("%d-fips", z.routers*z.each) }
func (z fipCloud) cold() string { return "cold-compile-" + z.name() }
func (z fipCloud) add() string  { return "fip-add-to-flows-" + z.name() }

const fipFlows, fipMemory = "agent-fip-flows", "agent-fip-memory"

var natGrowths = []growth{{"fip-add-growth", fewFIPs.add(), manyFIPs.add(), 1.5}}

func natScenes() (all []scene) {
	for _, z := range []fipCloud{fewFIPs, manyFIPs} {
		figures := []spec{{name: z.add(), goal: goal{ratio: 0.1, limit: &figure{15e-3, "s"}}}}
		if z == manyFIPs {
			figures = append(figures, spec{name: z.cold(), goal: goal{ratio: 0.33}},
				spec{name: fipFlows, goal: goal{ratio: 0.2}}, spec{name: fipMemory, goal: goal{ratio: 0.2}})
		}
		var vms, later []string
		for j := range localFIPs {
			vms = append(vms, portName(0, j))
		}
		for j := range repeats {
			later = append(later, portName(0, z.each+j))
		}
		all = append(all, routed{name: z.name(), cold: z.cold(), flows: fipFlows, memory: fipMemory, add: z.add(), vms: vms, later: later, write: z.write, change: z.addFIP}.scene(figures))
	}
	return append(all, packetScene)
}

// provider is where the default route of all routers leads, on the network of
// their gateways.
const provider = "172.31.255.254"

func fipOf(r, j int) string   { return fmt.Sprintf("172.17.%d.%d", r, j) }
func fipMAC(r, j int) string  { return fmt.Sprintf("40:46:00:00:%02x:%02x", r, j) }
func natIP(r, j int) string   { return fmt.Sprintf("10.%d.0.%d", r, j+1) }
func natMAC(r, j int) string  { return fmt.Sprintf("40:44:00:00:%02x:%02x", r, j) }
func natHop(r int) string     { return fmt.Sprintf("10.%d.0.254", r) }
func natGateway(r int) string { return fmt.Sprintf("172.16.0.%d", r+1) }

// addFIP gives a VM of hv1 that has none a floating IP, and returns the time until
// that is in the switch.
func (z fipCloud) addFIP(c *cloud, parts *waits) (time.Duration, error) {
	var b batch
	new := b.fip(0, z.each+c.added)
	c.added++
	took, err := c.nb.timed(parts, append(b, insert("Logical_Router", "r0", "nat", new))...)
	if err != nil {
		return 0, err
	}
	return took, c.nb.transactWait("hv_cfg")
}

// write makes the provider network, and the routers, one a transaction.
func (z fipCloud) write(c *cloud) error {
	var b batch
	net := b.row("Logical_Switch_Port", map[string]any{"name": "net", "type": "localnet", "addresses": "unknown", "options": []any{"map", []any{[]any{"network_name", "phys"}}}})
	b.row("Logical_Switch", map[string]any{"name": "ext", "ports": net})
	if _, err := c.nb.transact(b...); err != nil {
		return err
	}
	for r := range z.routers {
		if _, err := c.nb.transact(z.tenant(r)...); err != nil {
			return err
		}
	}
	return nil
}

// tenant is the transaction that makes a router with its switch. The first one's
// switch has VMs without a floating IP too.
func (z fipCloud) tenant(r int) (b batch) {
	chassis, vms := "hv1", z.each+repeats
	if r > 0 {
		chassis, vms = "elsewhere", z.each
	}
	router := fmt.Sprintf("r%d", r)
	gateway := b.row("Gateway_Chassis", map[string]any{"name": router + "-" + chassis, "chassis_name": chassis, "priority": 1})
	in, port := b.join(router+"-in", fmt.Sprintf("40:45:00:00:%02x:01", r), natHop(r)+"/24", nil)
	out, outPort := b.join(router+"-out", fmt.Sprintf("40:45:00:00:%02x:02", r), natGateway(r)+"/12",
		map[string]any{"gateway_chassis": gateway}, []any{"nat-addresses", "router"})
	ports := []any{port}
	for j := range vms {
		ports = append(ports, b.vm(portName(r, j), natMAC(r, j), natIP(r, j)))
	}
	nat := []any{b.row("NAT", map[string]any{"type": "snat", "external_ip": natGateway(r), "logical_ip": fmt.Sprintf("10.%d.0.0/24", r)})}
	for j := range z.each {
		nat = append(nat, b.fip(r, j))
	}
	b.row("Logical_Router", map[string]any{"name": router, "ports": []any{"set", []any{in, out}}, "nat": []any{"set", nat},
		"static_routes": b.route("0.0.0.0/0", provider)})
	b.row("Logical_Switch", map[string]any{"name": fmt.Sprintf("sw%d", r), "ports": []any{"set", ports}})
	return append(b, insert("Logical_Switch", "ext", "ports", outPort))
}

// fip makes the floating IP of a VM, every other one where that is.
func (b *batch) fip(r, j int) []any {
	row := map[string]any{"type": "dnat_and_snat", "external_ip": fipOf(r, j), "logical_ip": natIP(r, j)}
	if j%2 == 1 {
		row["logical_port"], row["external_mac"] = portName(r, j), fipMAC(r, j)
	}
	return b.row("NAT", row)
}
