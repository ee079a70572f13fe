package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTraceNATLikeStock is TestTraceRoutersLikeStock for networks whose first router
// leads outside and translates. What stock ovn-northd makes of the same rows has other
// stages, so that of its verdict counts what comes out where, and what it looks like.
func TestTraceNATLikeStock(t *testing.T) {
	newTraceTest(t).routers(true)
}

// outside gives a router a gateway, a switch outside with a host, and NAT.
func (m *networkMaker) outside(router *madeRouter) {
	sw, port := m.name+"e", router.name+"-e"
	m.do("ls-add", sw)
	m.remove = append(m.remove, "--", "ls-del", sw)
	m.do("lsp-add", sw, sw+noWire)
	m.do("lsp-set-type", sw+noWire, "localnet")
	m.do("lsp-set-addresses", sw+noWire, "unknown")
	m.do("lsp-set-options", sw+noWire, "network_name=phys")
	mac := m.mac()
	m.do("lrp-add", router.name, port, mac, "172.16.0.254/24", "fd16::fe/64")
	m.attach(sw, sw+"-r", port)
	central := m.yes(3)
	if central {
		m.do("set", "Logical_Router", router.name, "options:chassis=hv1")
	} else {
		m.do("lrp-set-gateway-chassis", port, "hv1")
	}
	for k := range 2 {
		host := &traceVM{tracePort: tracePort{name: fmt.Sprintf("%sp%d", sw, k), mac: m.mac(), ip4: fmt.Sprintf("172.16.0.%d", k+1), ip6: fmt.Sprintf("fd16::%d", k+1), bound: true}, gateway: mac}
		m.hosts = append(m.hosts, host)
		m.do("lsp-add", sw, host.name)
		m.do("lsp-set-addresses", host.name, host.mac+" "+host.ip4+" "+host.ip6)
	}
	m.do("--may-exist", "lr-route-add", router.name, "8.8.4.4/32", "172.16.0.1")
	for i, vm := range m.vms {
		external, logical := [2]string{fmt.Sprintf("172.16.0.%d", 100+i), fmt.Sprintf("fd16::1:%d", i)}, [2]string{vm.ip4, vm.ip6}
		for v6 := range 2 {
			words := []string{"lr-nat-add", router.name, pick(m.Rand, "dnat_and_snat", "dnat_and_snat", "dnat"), external[v6], logical[v6]}
			if m.yes(3) {
				continue
			}
			switch {
			case words[2] == "dnat" || central:
			case m.yes(2):
				words = append(words, vm.name, fmt.Sprintf("40:44:00:00:f%d:%02x", v6, i))
			case m.yes(4):
				words = append([]string{"--stateless"}, words...)
			}
			m.do(words...)
			m.translated = append(m.translated, external[v6])
		}
	}
	for i, prefix := range []string{"10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/16", "fd00::/64"} {
		if m.yes(2) {
			external := fmt.Sprintf("172.16.0.%d", 200+i)
			if strings.Contains(prefix, ":") {
				external = "fd16::200"
			}
			m.do("lr-nat-add", router.name, "snat", external, prefix)
			m.translated = append(m.translated, external)
		}
	}
}

var (
	assignment  = regexp.MustCompile(`^(\S+) = (.*);$`)
	translation = regexp.MustCompile(`\b(ip[46]\.(?:src|dst))=([0-9a-f.:]+)`)
	spoken      = []string{"eth.src", "eth.dst", "ip4.src", "ip4.dst", "ip6.src", "ip6.dst", "icmp4.type", "icmp4.code", "icmp6.type", "icmp6.code",
		"tcp.src", "tcp.dst", "udp.src", "udp.dst", "sctp.src", "sctp.dst"}
)

// arrivals are what comes out, where, and what was made of it on the way, of what
// ovn-trace prints of a packet.
func arrivals(text string) []string {
	var all []string
	made := map[string]string{}
	hops := 0
	for _, line := range settled(text) {
		if m := assignment.FindStringSubmatch(line); m != nil && slices.Contains(spoken, m[1]) {
			made[m[1]] = m[2]
		}
		for _, m := range translation.FindAllStringSubmatch(line, -1) {
			made[m[1]] = m[2]
		}
		switch {
		case line == "ip.ttl--;":
			hops++
		case strings.HasPrefix(line, "output("), strings.HasSuffix(line, "{") && !strings.HasPrefix(line, "ct_"):
			var said []string
			for _, name := range slices.Sorted(maps.Keys(made)) {
				said = append(said, name+"="+made[name])
			}
			all = append(all, fmt.Sprintf("%s after %d hops: %s", line, hops, strings.Join(said, " ")))
		}
	}
	return all
}

// verdict is what of the text counts beside that of stock ovn-northd.
func (k *tracePacket) verdict(text string) string {
	if !k.translated {
		return saidBy(text)
	}
	return strings.Join(slices.Sorted(slices.Values(arrivals(text))), "\n")
}
