package trace

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/portsec/portsectest"
)

func TestPortSecurity(t *testing.T) {
	const (
		mac  = "02:00:00:00:00:01"
		from = "eth.src == 02:00:00:00:00:01 && "
		to   = "eth.dst == 02:00:00:00:00:01 && "
	)
	for _, c := range []struct {
		rule   string
		out    bool
		packet string
		secure bool
	}{
		{"", false, "eth.src == 5", true},
		{"nonsense", false, "eth.src == 5", false},
		{mac, false, from + "ip4 && ip4.src == 1.1.1.1", true},
		{mac, false, "ip4 && eth.src == 5", false},
		{mac, false, from + "arp.sha == 5", false},
		{mac, false, from + "arp.sha == " + mac, true},
		{mac, false, from + "nd_ns && nd.sll == 5", false},
		{mac, false, from + "nd_ns && nd.sll == 0", true},
		{mac, false, from + "nd_na && nd.tll == 5", false},
		{mac + " 10.0.0.1", false, from + "ip4.src == 10.0.0.1", true},
		{mac + " 10.0.0.1", false, from + "ip4.src == 10.0.0.2", false},
		{mac + " 10.0.0.1", false, from + "ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67", true},
		{mac + " 10.0.0.1", false, from + "arp.spa == 10.0.0.2 && arp.sha == " + mac, false},
		{mac + " 10.0.0.1", false, from + "ip6", false},
		{mac + " 10.0.0.1", false, from + "eth.type == 0x1234", true},
		{mac + " 10.0.0.0/24", false, from + "ip4.src == 10.0.0.2", true},
		{mac + " 10.0.0.1/24", false, from + "ip4.src == 10.0.0.2", false},
		{mac + " fd00::1", false, from + "ip6.src == fd00::1", true},
		{mac + " fd00::1", false, from + "ip6.src == fd00::2", false},
		{mac + " fd00::1", false, from + "ip6.src == fe80::ff:fe00:1", true},
		{mac + " fd00::1", false, from + "ip4", false},
		{mac + " fd00::1", false, from + "ip6.dst == ff02::16 && icmp6.type == 143", true},
		{mac + " fd00::1", false, from + "ip6.dst == fd00::2 && icmp6.type == 143", false},
		{mac + " fd00::1", false, from + "nd_na && nd.target == fd00::2", false},
		{mac + " fd00::1", false, from + "nd_na && nd.target == fd00::1 && ip6.src == fd00::1", true},
		{mac + " fd00::1", false, from + "nd_na && nd.target == fd00::1 && ip6.src == fd00::2", false},
		{mac, true, to + "ip4", true},
		{mac, true, "eth.dst == 02:00:00:00:00:05 && ip4", false},
		{mac + " 10.0.0.1/24", true, to + "ip4.dst == 10.0.0.255", true},
		{mac + " 10.0.0.1/24", true, to + "ip4.dst == 10.0.0.9", false},
		{mac + " 10.0.0.1/24", true, to + "ip4.dst == 224.0.0.9", true},
		{mac + " 10.0.0.1/24", true, to + "ip6", false},
		{mac + " 10.0.0.1/24", true, to + "arp", true},
		{mac + " fd00::1", true, to + "ip6.dst == ff02::1", true},
		{mac + " fd00::1", true, to + "ip6.dst == fd00::3", false},
	} {
		n := &Network{}
		d := &Datapath{Name: "sw"}
		n.AddDatapath(d)
		p := &Port{Name: "a", Key: 1}
		if c.rule != "" {
			p.Security = []string{c.rule}
		}
		n.AddPort(d, p)
		packet, err := n.Microflow(`inport == "a" && outport == "a" && ` + c.packet)
		if err != nil {
			t.Fatalf("%s: %v", c.packet, err)
		}
		x := &exec{run: &run{net: n}, dp: d, at: place{lflow.Ingress, 0}, p: packet, super: &Step{}}
		if got := x.portSecure(c.out); got != c.secure {
			t.Errorf("%q, out=%v, %s: secure=%v", c.rule, c.out, c.packet, got)
		}
	}
}

// TestPortSecurityRandom: the rules judge random packets as ovn-nb(5) does.
func TestPortSecurityRandom(t *testing.T) {
	verdicts := map[string]int{}
	for seed := range uint64(300) {
		w := portsectest.Words{Rand: rand.New(rand.NewPCG(seed, 0))}
		column := w.Column()
		n, d := &Network{}, &Datapath{Name: "sw"}
		n.AddDatapath(d)
		n.AddPort(d, &Port{Name: "p", Key: 1, Security: column})
		n.AddPort(d, &Port{Name: "q", Key: 2})
		for range 60 {
			text := w.Packet()
			p, err := n.Microflow(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			out := p.inport == "q"
			if out {
				p.outport = "p"
			}
			if p.is(lflow.EthMcast) && out {
				continue // nobody asks
			}
			x := &exec{run: &run{net: n}, dp: d, at: place{lflow.Ingress, 0}, p: p, super: &Step{}}
			got, want := x.portSecure(out), secures(column, out, p)
			if got != want {
				t.Fatalf("seed %d, %q, out=%v, %s: secure=%v", seed, column, out, text, got)
			}
			verdicts[fmt.Sprintf("out=%v secure=%v", out, got)]++
		}
	}
	t.Log(verdicts)
	if len(verdicts) != 4 {
		t.Errorf("the packets test little: %v", verdicts)
	}
}
