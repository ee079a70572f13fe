package tables

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/lflow/portsec"
	"github.com/weft-sdn/weft/lflow/portsec/portsectest"
	"github.com/weft-sdn/weft/lflow/trace"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// secured makes a port with a column port_security, bound here.
func (w world) secured(name string, key int, column ...string) {
	w.port("sw", name, int64(key), "")
	p, _ := w.Ports.Get(id(name))
	p.Security = securityOf(column)
	w.Ports.Set(id(name), p)
	w.iface(name, key)
}

func (w world) security(port string) []ofctrl.Flow {
	l, _ := w.SecurityFlows.Get(id(port))
	if len(l.Errors) > 0 {
		w.t.Errorf("%s: %q", port, l.Errors)
	}
	return l.Flows.List()
}

// TestPortSecurityFlows: a port has flows while it is bound here and secured.
func TestPortSecurityFlows(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 7)
	w.secured("vm1", 1, "40:44:00:00:00:01 10.0.0.1")
	w.secured("vm2", 2)
	w.secured("vm3", 3, "40:44", "40:44:00:00:00:03\n40:44:00:00:00:04")
	w.commit()
	if fs := w.security("vm1"); len(fs) != 17 {
		t.Errorf("vm1 has %d flows, want 17: %v", len(fs), fs)
	}
	if fs := w.security("vm2"); len(fs) != 0 {
		t.Errorf("vm2 is free and has flows: %v", fs)
	}
	// Nothing in its column is valid: nothing passes.
	for _, f := range w.security("vm3") {
		if f.Actions == "" {
			t.Errorf("vm3 may send what matches %v", f)
		}
	}
	if fs := w.security("vm3"); len(fs) != 5 {
		t.Errorf("vm3 has flows %v, want those for ARP, ND of two kinds, and all, and all that it is to receive", fs)
	}
	w.Interfaces.Delete("if-vm1")
	w.commit()
	if fs := w.security("vm1"); len(fs) != 0 {
		t.Errorf("vm1 is gone and has flows: %v", fs)
	}
}

// TestPortSecurityInSwitch: Open vSwitch judges random packets by the flows of
// ports as the rules do.
func TestPortSecurityInSwitch(t *testing.T) {
	const ports = 24
	s := &keptSwitch{Switch: ovstest.StartBridge(t, "p1"), t: t}
	s.dial()
	defer func() { s.stop() }()
	r := rand.New(rand.NewPCG(7, 8))
	w := newWorld(t)
	w.datapath("sw", conjDatapath)
	columns := make([][]string, ports+1)
	for i := 1; i <= ports; i++ {
		columns[i] = portsectest.Words{Rand: r}.Column()
		if i == ports {
			columns[i] = []string{"VRRPv3 40:44:00:00:00:02/ff:ff:ff:ff:ff:fe 40:44:00:00:00:01 10.0.0.1 fd00::1"}
		}
		w.secured(fmt.Sprint("p", i), i, columns[i]...)
	}
	w.commit()
	owners := []ofctrl.OwnerFlows{{Owner: "start", Flows: checks()}}
	for i := 1; i <= ports; i++ {
		owners = append(owners, ofctrl.OwnerFlows{Owner: fmt.Sprint(i), Flows: w.security(fmt.Sprint("p", i))})
	}
	s.update(owners)

	verdicts := map[string]int{}
	for i := range 20 * ports {
		port := 1 + i%ports
		packet := portsectest.Words{Rand: r}.Packet()
		out := strings.HasPrefix(packet, `inport == "q"`)
		packet = packet[strings.Index(packet, "eth.src"):]
		flow := fmt.Sprintf("in_port=%d,metadata=%#x,reg14=%d,reg15=%d,%s", 1, conjDatapath, port, port, asFlow(packet))
		if out {
			flow += ",reg0=1"
		}
		text := s.Appctl("ofproto/trace", ovstest.Bridge, flow)
		_, final, ok := strings.Cut(text, "Final flow: ")
		if !ok {
			t.Fatalf("%s: %s", flow, text)
		}
		got, want := !strings.Contains(strings.Split(final, "\n")[0], "reg10=0x1000"), passes(t, columns[port], out, packet)
		if got != want {
			t.Errorf("%q, out=%v, %s: passes=%v\n%s", columns[port], out, packet, got, text)
		}
		verdicts[fmt.Sprintf("out=%v passes=%v", out, got)]++
	}
	t.Log(verdicts)
	if len(verdicts) != 4 {
		t.Errorf("the packets test little: %v", verdicts)
	}
}

// checks ask the tables of port security: for what is sent, and, where reg0 is 1,
// for what is received.
func checks() (flows []ofctrl.Flow) {
	for out, table := range []uint8{lower.TableInPortSec, lower.TableOutPortSec} {
		var m ofp.MatchBuilder
		var a ofp.ActionBuilder
		m.Set(ofp.Reg0, uint64(out))
		a.Resubmit(table)
		flows = append(flows, ofctrl.Flow{Priority: 1, Match: m.Match(), Actions: a.Actions()})
	}
	return flows
}

// passes judges by the rules.
func passes(t *testing.T, column []string, out bool, packet string) bool {
	n, d := &trace.Network{}, &trace.Datapath{Name: "sw"}
	n.AddDatapath(d)
	n.AddPort(d, &trace.Port{Name: "p", Key: 1})
	p, err := n.Microflow(`inport == "p" && outport == "p" && ` + packet)
	if err != nil {
		t.Fatalf("%s: %v", packet, err)
	}
	policy, _ := portsec.Parse(column)
	rules := policy.In
	if out {
		rules = policy.Out
	}
	return portsec.Passes(rules("p"), p)
}

// asFlow writes a microflow as Open vSwitch wants it: ovs-fields(7).
func asFlow(microflow string) string {
	names := map[string]string{
		"eth.src": "dl_src", "eth.dst": "dl_dst", "eth.type": "dl_type",
		"arp.op": "arp_op", "arp.sha": "arp_sha", "arp.spa": "arp_spa", "arp.tpa": "arp_tpa",
		"ip4.src": "nw_src", "ip4.dst": "nw_dst", "ip6.src": "ipv6_src", "ip6.dst": "ipv6_dst", "ip.ttl": "nw_ttl",
		"icmp6.type": "icmpv6_type", "icmp6.code": "icmpv6_code", "nd.sll": "nd_sll", "nd.tll": "nd_tll", "nd.target": "nd_target",
		"udp.src": "udp_src", "udp.dst": "udp_dst", "tcp.dst": "tcp_dst",
	}
	var fields []string
	for _, protocol := range []string{"arp", "icmp6", "udp", "tcp"} {
		if strings.Contains(microflow, protocol+".") {
			fields = append(fields, protocol)
		}
	}
	for term := range strings.SplitSeq(microflow, " && ") {
		field, value, _ := strings.Cut(term, " == ")
		fields = append(fields, names[field]+"="+value)
	}
	return strings.Join(fields, ",")
}
