package portsectest

import (
	"fmt"
	"math/rand/v2"
)

// Words makes columns port_security, and packets that are about what is in them
// or near it.
type Words struct {
	*rand.Rand
	Hosts bool // no networks
}

func (w Words) one(of ...string) string { return of[w.IntN(len(of))] }

func (w Words) mac() string {
	return w.one("40:44:00:00:00:01", "40:44:00:00:00:01", "40:44:00:00:00:02", "40:44:00:00:00:03")
}

func (w Words) ip4() string {
	return w.one("10.0.0.1", "10.0.0.2", "10.1.0.7", "10.1.0.8", "10.1.0.255", "10.2.0.1", "10.2.0.255", "10.3.0.1", "0.0.0.0")
}

func (w Words) ip6() string {
	return w.one("fd00::1", "fd00::2", "fd01::7", "fd01::8", "fd02::1", "fd03::1", "fe80::4244:ff:fe00:1", "fe80::4244:ff:fe00:2", "fe80::1")
}

// Column returns elements for port p.
func (w Words) Column() []string {
	var all []string
	for _, s := range []string{"40:44:00:00:00:01", "40:44:00:00:00:02"}[:1+w.IntN(2)] {
		all = append(all, s+w.v4()+w.v6())
	}
	if w.IntN(3) == 0 {
		all = append(all, all[0][:17]+w.v4())
	}
	return all
}

func (w Words) v4() (s string) {
	for range w.IntN(3) {
		if w.Hosts {
			s += " " + w.one("10.0.0.1", "10.0.0.1/32", "10.1.0.7/24", "10.2.0.1")
		} else {
			s += " " + w.one("10.0.0.1", "10.0.0.1/32", "10.1.0.7/24", "10.2.0.0/24", "10.3.0.128/25")
		}
	}
	return s
}

func (w Words) v6() (s string) {
	for range w.IntN(3) {
		if w.Hosts {
			s += " " + w.one("fd00::1", "fd01::7/64", "fd02::1", "fd03::1/128")
		} else {
			s += " " + w.one("fd00::1", "fd01::7/64", "fd02::/64", "fd03::1/128")
		}
	}
	return s
}

// Packet returns a microflow from p to q or from q to p.
func (w Words) Packet() string {
	src, dst := w.mac(), w.one("40:44:00:00:00:0f", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01")
	in := "p"
	if w.IntN(2) == 0 {
		in, src, dst = "q", "40:44:00:00:00:0f", w.mac()
	}
	head := fmt.Sprintf(`inport == "%s" && eth.src == %s && eth.dst == %s && `, in, src, dst)
	lla := func() string { return w.one(src, w.mac(), "00:00:00:00:00:00") }
	ip6 := func() string {
		if w.IntN(3) == 0 {
			return "ip6.src == :: && ip6.dst == " + w.one("ff02::1", "ff02::16", "ff02::1:ff00:1")
		}
		return "ip6.src == " + w.ip6() + " && ip6.dst == " + w.one(w.ip6(), "ff02::1", "ff05::2")
	}
	switch w.IntN(8) {
	case 0, 1:
		return head + fmt.Sprintf("arp.op == %d && arp.sha == %s && arp.spa == %s && arp.tpa == 10.9.9.9", 1+w.IntN(2), lla(), w.ip4())
	case 2:
		return head + "ip.ttl == 255 && icmp6.type == 135 && icmp6.code == 0 && nd.sll == " + lla() + " && nd.target == fd09::1 && " + ip6()
	case 3:
		return head + "ip.ttl == 255 && icmp6.type == 136 && icmp6.code == 0 && nd.tll == " + lla() + " && nd.target == " + w.ip6() +
			" && ip6.src == " + w.ip6() + " && ip6.dst == " + w.one(w.ip6(), "ff02::1")
	case 4:
		return head + "ip.ttl == 64 && icmp6.type == " + w.one("128", "131", "143", "133") + " && icmp6.code == 0 && " + ip6()
	case 5:
		return head + "ip.ttl == 64 && udp.src == " + w.one("68", "68", "67") + " && udp.dst == " + w.one("67", "67", "53") +
			" && ip4.src == 0.0.0.0 && ip4.dst == " + w.one("255.255.255.255", "255.255.255.255", "10.0.0.9")
	case 6:
		return head + "ip.ttl == 64 && ip4.src == " + w.ip4() + " && ip4.dst == " + w.one(w.ip4(), w.ip4(), "224.0.0.9", "255.255.255.255") + " && tcp.dst == 80"
	}
	return head + "eth.type == " + w.one("0x1234", "0x8035")
}
