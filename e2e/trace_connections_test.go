package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/weft-sdn/weft/e2e/packet"
)

// connection is a packet of one: as it is sent, or as it comes out.
type connection struct {
	port             string // of the switch
	ethSrc, ethDst   string
	src, dst         netip.Addr
	proto            string // udp or tcp
	sport, dport     uint16
	ttl              int
	answer, untraced bool // untraced: an agent or a choice has a part in what becomes of it
	rounds           int  // through the switch's datapath, after the first
}

// maxRounds is how often Open vSwitch 3.1 lets a packet come round.
const maxRounds = 6

func (c connection) family() string {
	if c.src.Is4() {
		return "ip4"
	}
	return "ip6"
}

// microflow is the packet for weft-trace.
func (c connection) microflow() string {
	f := c.family()
	text := fmt.Sprintf("inport == %q && eth.src == %s && eth.dst == %s && %s.src == %s && %s.dst == %s && ip.ttl == %d && %s.src == %d && %s.dst == %d",
		c.port, c.ethSrc, c.ethDst, f, c.src, f, c.dst, c.ttl, c.proto, c.sport, c.proto, c.dport)
	if c.proto == "tcp" {
		text += map[bool]string{false: " && tcp.flags == 2", true: " && tcp.flags == 0x12"}[c.answer]
	}
	return text
}

// frame is the packet for the switch.
func (c connection) frame() ([]byte, error) {
	words := []string{"eth.src=" + c.ethSrc, "eth.dst=" + c.ethDst, c.family() + ".src=" + c.src.String(), c.family() + ".dst=" + c.dst.String(),
		fmt.Sprint("ip.ttl=", c.ttl), fmt.Sprint(c.proto, ".src=", c.sport), fmt.Sprint(c.proto, ".dst=", c.dport)}
	if c.proto == "tcp" {
		words = append(words, map[bool]string{false: "tcp.flags=S", true: "tcp.flags=SA"}[c.answer])
	}
	return packet.Encode(words)
}

// String is what must be the same in the switch.
func (c connection) String() string {
	return fmt.Sprintf("%s: %s>%s %s:%d>%s:%d ttl %d", c.port, c.ethSrc, c.ethDst, c.src, c.sport, c.dst, c.dport, c.ttl)
}

// firstPort is the source port of the first connection: each has one of its own, by
// which its packets are known.
const firstPort = 20_000

// number is that of the connection; negative of other packets.
func (c connection) number() int {
	if c.sport >= firstPort {
		return int(c.sport) - firstPort
	}
	return int(c.dport) - firstPort
}

// connections are packets that begin some, from VMs and hosts to whatever there is.
func (n *traceNetwork) connections(r *rand.Rand, first, count int) (all []connection) {
	for i := range count {
		from := pick(r, n.vms...)
		if r.IntN(3) == 0 {
			from = pick(r, n.hosts...)
		}
		var to []string
		for _, vm := range slices.Concat(n.vms, n.hosts) {
			to = append(to, vm.ip4, vm.ip6)
		}
		for len(n.translated) > 0 && len(to) < 100 {
			to = append(to, n.translated...) // as likely as all others
		}
		dst := netip.MustParseAddr(pick(r, to...))
		src := netip.MustParseAddr(from.ip4)
		if dst.Is6() {
			src = netip.MustParseAddr(from.ip6)
		}
		all = append(all, connection{port: from.name, ethSrc: from.mac, ethDst: from.gateway, src: src, dst: dst, proto: pick(r, "udp", "tcp"),
			sport: uint16(firstPort + first + i), dport: 80, ttl: 64})
	}
	return all
}

var (
	rewritten     = regexp.MustCompile(`, (src|dst)=([0-9a-f.:]+)`)
	balances      = regexp.MustCompile(`^ct_lb_mark\(ct_state=new\|.*, dst=`)
	rewrittenPort = regexp.MustCompile(`, (sport|dport)=([0-9]+)`)
)

// outcome follows a packet through what weft-trace prints, and returns what comes
// out.
func (c connection) outcome(text string) (out []connection, untraced bool) {
	var open []connection // what the packet was before each block
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "ct_") {
			if strings.HasSuffix(line, "{") {
				open = append(open, c)
			}
			c.rounds++
			if balances.MatchString(line) {
				c.rounds++ // a group has the datapath compute a hash
			}
			for _, m := range rewritten.FindAllStringSubmatch(line, -1) {
				*map[string]*netip.Addr{"src": &c.src, "dst": &c.dst}[m[1]] = netip.MustParseAddr(m[2])
			}
			for _, m := range rewrittenPort.FindAllStringSubmatch(line, -1) {
				port, _ := strconv.ParseUint(m[2], 10, 16)
				*map[string]*uint16{"sport": &c.sport, "dport": &c.dport}[m[1]] = uint16(port)
			}
			continue
		}
		if m := assignment.FindStringSubmatch(line); m != nil {
			switch m[1] {
			case "eth.src":
				c.ethSrc = m[2]
			case "eth.dst":
				c.ethDst = m[2]
			case "ip4.src", "ip6.src":
				c.src = netip.MustParseAddr(m[2])
			case "ip4.dst", "ip6.dst":
				c.dst = netip.MustParseAddr(m[2])
			}
			continue
		}
		switch m := delivery.FindStringSubmatch(line); {
		case m != nil:
			if c.rounds > maxRounds {
				return nil, true
			}
			arrived := c
			if arrived.port = m[1]; !strings.HasSuffix(m[1], noWire) {
				out = append(out, arrived)
			}
		case line == "ip.ttl--;":
			c.ttl--
		case line == "clone {":
			open = append(open, c)
		case line == "};" && len(open) > 0:
			c, open = open[len(open)-1], open[:len(open)-1]
		case strings.HasSuffix(line, "{"), strings.HasPrefix(line, "Randomly"):
			return nil, true
		}
	}
	return out, false
}

// tracked asks weft-trace what becomes of packets, one after the other.
func (x *traceTest) tracked(all []connection) (outcomes [][]connection) {
	x.Helper()
	var lines strings.Builder
	for _, c := range all {
		lines.WriteString(c.microflow() + "\n")
	}
	answers := strings.Split(x.tool("", lines.String(), "weft-trace", "--minimal", "--conntrack", "--select-id=1", "-"), "\n.\n")
	if len(answers) != len(all)+1 {
		x.Fatalf("%d answers to %d packets", len(answers), len(all))
	}
	for i := range all {
		out, untraced := all[i].outcome(answers[i])
		all[i].untraced = all[i].untraced || untraced
		outcomes = append(outcomes, out)
	}
	return outcomes
}

// connect begins connections, has those who are reached answer, and compares what
// weft-trace says of all these packets to what a switch does with them: the same come out, in
// the same places, with the same addresses.
func (x *traceTest) connect(networks []*traceNetwork, each int) {
	x.Helper()
	var begun, sequence []connection
	for i, n := range networks {
		begun = append(begun, n.connections(x.r, i*each, each)...)
	}
	for i, out := range x.tracked(begun) {
		sequence = append(sequence, begun[i])
		for _, c := range out {
			sequence = append(sequence, connection{port: c.port, ethSrc: c.ethDst, ethDst: c.ethSrc, src: c.dst, dst: c.src, proto: c.proto,
				sport: c.dport, dport: c.sport, ttl: 64, answer: true})
		}
	}
	want := map[int][]string{}
	skipped := map[int]bool{}
	for i, out := range x.tracked(sequence) {
		c := sequence[i]
		skipped[c.number()] = skipped[c.number()] || c.untraced
		for _, o := range out {
			want[c.number()] = append(want[c.number()], o.String())
		}
	}
	x.tool("hv1", "", "ovs-appctl", "dpctl/flush-conntrack")
	for _, c := range sequence {
		x.send(c)
	}
	got := x.captured(networks)
	for _, c := range begun {
		i := c.number()
		if skipped[i] {
			continue
		}
		x.sequences++
		x.answers += max(0, len(want[i])-1)
		slices.Sort(want[i])
		slices.Sort(got[i])
		if !slices.Equal(want[i], got[i]) && x.wrong < 5 {
			x.wrong++
			x.Errorf("%s %s\nweft-trace:\n %s\nthe switch:\n %s\n%s", c.proto, c, strings.Join(want[i], "\n "), strings.Join(got[i], "\n "),
				x.tool("", "", "weft-trace", "--conntrack", c.microflow()))
		}
	}
}

// send has a packet come in by its port.
func (x *traceTest) send(c connection) {
	x.Helper()
	frame, err := c.frame()
	if err != nil {
		x.Fatal(err)
	}
	x.tool("hv1", "", "ovs-appctl", "netdev-dummy/receive", c.port, fmt.Sprintf("%x", frame))
}

// pcap is where what comes out of a port is written.
func (x *traceTest) pcap(port string) string { return x.s.Dir + "/" + port + ".pcap" }

// captured is what has come out of the ports of networks, by number. A last packet from
// one host to another tells that all others have been where they go.
func (x *traceTest) captured(networks []*traceNetwork) map[int][]string {
	x.Helper()
	hosts := networks[0].hosts
	marker := connection{port: hosts[0].name, ethSrc: hosts[0].mac, ethDst: hosts[1].mac, src: netip.MustParseAddr(hosts[0].ip4), dst: netip.MustParseAddr(hosts[1].ip4),
		proto: "udp", sport: 9, dport: 9, ttl: 64}
	x.send(marker)
	err := poll(20*time.Second, func() error {
		if !slices.ContainsFunc(x.frames(hosts[1].name), func(c connection) bool { return c.sport == 9 }) {
			return unmetf("nothing has come out of %s", hosts[1].name)
		}
		return nil
	})
	if err != nil {
		x.Fatal(err)
	}
	got := map[int][]string{}
	for _, n := range networks {
		for _, vm := range slices.Concat(n.vms, n.hosts) {
			for _, c := range x.frames(vm.name) {
				got[c.number()] = append(got[c.number()], c.String())
			}
		}
	}
	return got
}

// frames are the packets of connections that have come out of a port.
func (x *traceTest) frames(port string) (all []connection) {
	x.Helper()
	f, err := os.Open(x.pcap(port))
	if err != nil {
		x.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	for err == nil {
		var data []byte
		if data, _, err = r.ReadPacketData(); err == nil {
			if c, ok := connectionOf(port, packet.Decode(data)); ok {
				all = append(all, c)
			}
		}
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		x.Fatal(err)
	}
	return all
}

// connectionOf reads a packet of UDP or TCP.
func connectionOf(port string, f packet.Fields) (c connection, ok bool) {
	get := func(names ...string) string {
		for _, name := range names {
			if v, ok := f.Get(name); ok {
				return v
			}
		}
		return ""
	}
	number := func(text string) uint16 { n, _ := strconv.ParseUint(text, 10, 16); return uint16(n) }
	src, err := netip.ParseAddr(get("ip4.src", "ip6.src"))
	dst, err2 := netip.ParseAddr(get("ip4.dst", "ip6.dst"))
	c = connection{port: port, ethSrc: get("eth.src"), ethDst: get("eth.dst"), src: src, dst: dst,
		sport: number(get("udp.src", "tcp.src")), dport: number(get("udp.dst", "tcp.dst")), ttl: int(number(get("ip.ttl")))}
	return c, err == nil && err2 == nil && c.dport != 0
}
