package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// aclNetwork is a random network with ACLs.
type aclNetwork struct {
	// tiers says that ACLs are evaluated in tiers, or pass: OVN 23.03 has
	// neither.
	tiers    bool
	switches []*aclSwitch
	create   []string // arguments of ovn-nbctl
	remove   []string
	update   []string // OVSDB operations, for what its ovn-nbctl does not know
}

type aclSwitch struct {
	name  string
	ports []*aclPort
}

type aclPort struct{ name, mac, ip4, ip6 string }

// aclMaker makes random networks.
type aclMaker struct {
	*rand.Rand
	n    *aclNetwork
	name string

	groups []string // port groups
	sets4  []string // what can stand for a set of addresses
	sets6  []string
	acls   int
	// priority holds those that no ACL has yet: the order among equals is
	// nobody's promise. Each network has its own.
	priority []int
}

// randomACLs makes network number i.
func randomACLs(r *rand.Rand, i int) *aclNetwork {
	m := &aclMaker{Rand: r, n: &aclNetwork{tiers: i%3 == 2}, name: fmt.Sprintf("n%d", i)}
	for _, p := range r.Perm(64) {
		m.priority = append(m.priority, (64*i+p)%32768)
	}
	for j := range 1 + r.IntN(2) {
		m.addSwitch(fmt.Sprintf("%ss%d", m.name, j), j)
	}
	m.addGroups()
	m.addSets()
	for range 1 + r.IntN(9) {
		m.addACL()
	}
	return m.n
}

func (m *aclMaker) nb(args ...string) { m.n.create = append(append(m.n.create, "--"), args...) }

func (m *aclMaker) addSwitch(name string, number int) {
	sw := &aclSwitch{name: name}
	m.n.switches = append(m.n.switches, sw)
	m.n.remove = append(m.n.remove, "--", "ls-del", name)
	m.nb("ls-add", name)
	for i := range 2 + m.IntN(3) {
		host := 10*number + i + 1
		p := &aclPort{fmt.Sprintf("%sp%d", name, i), fmt.Sprintf("40:44:00:00:%02x:%02x", number, i+1), fmt.Sprintf("10.0.0.%d", host), fmt.Sprintf("fd00::%d", host)}
		sw.ports = append(sw.ports, p)
		m.nb("lsp-add", name, p.name)
		m.nb("lsp-set-addresses", p.name, p.mac+" "+p.ip4+" "+p.ip6)
	}
}

// somePorts returns about half of the ports.
func (m *aclMaker) somePorts() (names []string) {
	for _, sw := range m.n.switches {
		for _, p := range sw.ports {
			if m.IntN(2) == 0 {
				names = append(names, p.name)
			}
		}
	}
	return names
}

func (m *aclMaker) addGroups() {
	for i := range m.IntN(3) {
		name := fmt.Sprintf("%s_g%d", m.name, i)
		m.nb(append([]string{"pg-add", name}, m.somePorts()...)...)
		m.n.remove = append(m.n.remove, "--", "pg-del", name)
		m.groups = append(m.groups, name)
		m.sets4, m.sets6 = append(m.sets4, "$"+name+"_ip4"), append(m.sets6, "$"+name+"_ip6")
	}
}

func (m *aclMaker) addSets() {
	for i := range m.IntN(3) {
		name := fmt.Sprintf("%s_a%d", m.name, i)
		var members4, members6 []string
		for range m.IntN(5) {
			members4 = append(members4, pick(m.Rand, "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.11", "10.0.0.12", "10.0.0.8/29", "192.168.0.0/16"))
			members6 = append(members6, pick(m.Rand, "fd00::1", "fd00::2", "fd00::3", "fd00::11", "fd00::10/124", "fe80::/10"))
		}
		for family, members := range map[string][]string{"v4": members4, "v6": members6} {
			slices.Sort(members)
			var quoted []string
			for _, a := range slices.Compact(members) {
				quoted = append(quoted, fmt.Sprintf("%q", a))
			}
			m.nb("create", "Address_Set", "name="+name+family, "addresses=["+strings.Join(quoted, ",")+"]")
			m.n.remove = append(m.n.remove, "--", "destroy", "Address_Set", name+family)
		}
		m.sets4, m.sets6 = append(m.sets4, "$"+name+"v4"), append(m.sets6, "$"+name+"v6")
	}
}

// addACL adds an ACL to a switch or to a port group.
func (m *aclMaker) addACL() {
	on, kind := pick(m.Rand, m.n.switches...).name, "switch"
	if len(m.groups) > 0 && m.IntN(2) == 0 {
		on, kind = pick(m.Rand, m.groups...), "port-group"
	}
	direction, port := "from-lport", "inport"
	if m.IntN(2) == 0 {
		direction, port = "to-lport", "outport"
	}
	m.acls++
	args, logs := []string{"--type=" + kind}, m.IntN(4) == 0
	if logs {
		args = append(args, "--log", fmt.Sprintf("--name=%s_acl%d", m.name, m.acls), "--severity="+pick(m.Rand, "info", "warning"))
	}
	action := pick(m.Rand, "allow", "allow-related", "allow-related", "allow-related", "drop", "drop", "reject", "allow-stateless")
	if m.IntN(12) > 0 && action == "allow-stateless" { // one takes conntrack from much of the rest
		action = "allow-related"
	}
	if direction == "from-lport" && action != "allow-stateless" && m.IntN(5) == 0 {
		args = append(args, "--apply-after-lb")
	}
	if action == "allow-related" && m.IntN(5) == 0 {
		args = append(args, fmt.Sprint("--label=", 1+m.IntN(1000)))
	}
	priority := m.priority[0]
	m.priority = m.priority[1:]
	match := m.match(port)
	m.nb(append(args, "acl-add", on, direction, fmt.Sprint(priority), match, action)...)
	if m.n.tiers {
		row := fmt.Sprintf(`"tier":%d`, m.IntN(4))
		if m.IntN(4) == 0 && action != "allow-stateless" && !logs { // ovn-trace 23.03 knows no verdict=pass
			row += `,"action":"pass"`
		}
		m.n.update = append(m.n.update, fmt.Sprintf(`{"op":"update","table":"ACL","where":[["priority","==",%d]],"row":{%s}}`, priority, row))
	}
}

// match returns the match of an ACL for packets that come in or go out by port.
func (m *aclMaker) match(port string) string {
	terms := []string{m.protocolTerm()}
	if m.IntN(4) > 0 {
		terms = append(terms, m.portTerm(port))
	}
	if m.IntN(2) == 0 {
		terms = append(terms, m.addressTerm())
	}
	if m.IntN(6) == 0 {
		terms = append(terms, "("+m.addressTerm()+" || "+m.protocolTerm()+")")
	}
	m.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
	return strings.Join(terms, " && ")
}

func (m *aclMaker) protocolTerm() string {
	return pick(m.Rand, "1", "ip", "ip4", "ip6", "tcp", "udp", "icmp4", "icmp6", "icmp", "arp", "tcp.dst == 80", "tcp.dst == {80, 443}", "tcp.dst >= 443 && tcp.dst < 8081",
		"tcp.dst != 80", "udp.dst == 53", "udp.dst != {53, 67}", "icmp4.type == 8", "icmp6.type == {128, 129}", "ip4 && tcp", "tcp.src > 1023", "!tcp", "ip.proto != 17", "nd", "sctp.dst == 80",
		"tcp.flags == 2", "eth.type == 0x1234")
}

func (m *aclMaker) portTerm(port string) string {
	sw := pick(m.Rand, m.n.switches...)
	one, two := pick(m.Rand, sw.ports...).name, pick(m.Rand, sw.ports...).name
	terms := []string{fmt.Sprintf("%s == %q", port, one), fmt.Sprintf("%s != %q", port, one), fmt.Sprintf("%s == {%q, %q}", port, one, two)}
	for _, g := range m.groups {
		terms = append(terms, port+" == @"+g, port+" == @"+g, port+" != @"+g)
	}
	return pick(m.Rand, terms...)
}

func (m *aclMaker) addressTerm() string {
	end, p := pick(m.Rand, "src", "dst"), pick(m.Rand, pick(m.Rand, m.n.switches...).ports...)
	terms := []string{"ip4." + end + " == " + p.ip4, "ip4." + end + " == 10.0.0.0/30", "ip4." + end + " != 10.0.0.0/30", "ip6." + end + " == " + p.ip6, "eth." + end + " == " + p.mac}
	for i := range m.sets4 {
		terms = append(terms, "ip4."+end+" == "+m.sets4[i], "ip4."+end+" == "+m.sets4[i], "ip4."+end+" != "+m.sets4[i],
			"ip6."+end+" == "+m.sets6[i], "!(ip6."+end+" == "+m.sets6[i]+")")
	}
	return pick(m.Rand, terms...)
}

// aclPacket is a packet from a port of a switch.
type aclPacket struct {
	net       *aclNetwork
	sw        *aclSwitch
	microflow string
	blocked   bool // its connection is marked so
}

// randomACLPacket is from one port to another one, as a rule.
func randomACLPacket(r *rand.Rand, n *aclNetwork) aclPacket {
	sw := pick(r, n.switches...)
	from, to := pick(r, sw.ports...), pick(r, sw.ports...)
	k := []string{fmt.Sprintf("inport == %q", from.name), "eth.src == " + from.mac}
	dst := to.mac
	if r.IntN(12) == 0 {
		dst = "0a:00:00:00:00:99"
	}
	k = append(k, "eth.dst == "+dst)
	src4, src6 := from.ip4, from.ip6
	if r.IntN(6) == 0 {
		src4, src6 = "192.168.3.4", "fe80::9"
	}
	v4 := fmt.Sprintf("ip4.src == %s && ip4.dst == %s && ip.ttl == 64", src4, to.ip4)
	v6 := fmt.Sprintf("ip6.src == %s && ip6.dst == %s && ip.ttl == 64", src6, to.ip6)
	ip := pick(r, v4, v4, v6)
	sport, dport := pick(r, 1000, 1024, 40000), pick(r, 22, 53, 80, 80, 443, 8080)
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		k = append(k, ip, fmt.Sprintf("tcp.src == %d && tcp.dst == %d && tcp.flags == %d", sport, dport, pick(r, 0, 2, 16)))
	case 4, 5, 6:
		k = append(k, ip, fmt.Sprintf("udp.src == %d && udp.dst == %d", sport, dport))
	case 7:
		k = append(k, v4, fmt.Sprintf("icmp4.type == %d", pick(r, 8, 0, 3)))
	case 8:
		k = append(k, v6, fmt.Sprintf("icmp6.type == %d", pick(r, 128, 129, 1)))
	case 9:
		op := pick(r, 1, 2)
		if op == 1 { // to all: OVN 23.03 answers for a port that is asked by unicast, and newer ones do not
			k[len(k)-1] = "eth.dst == ff:ff:ff:ff:ff:ff"
		}
		k = append(k, fmt.Sprintf("arp.op == %d && arp.sha == %s && arp.spa == %s && arp.tpa == %s", op, from.mac, from.ip4, to.ip4))
	case 10:
		k = append(k, pick(r, ip+fmt.Sprintf(" && sctp.src == %d && sctp.dst == %d", sport, dport), ip+" && ip.proto == 50", "eth.type == 0x1234"))
	case 11:
		k = append(k, fmt.Sprintf("nd_na && ip6.src == %s && ip6.dst == %s && nd.target == %s && nd.tll == %s", from.ip6, to.ip6, from.ip6, from.mac))
	}
	blocked := r.IntN(5) == 0
	if blocked {
		k = append(k, "ct_mark.blocked == 1")
	}
	return aclPacket{n, sw, strings.Join(k, " && "), blocked}
}
