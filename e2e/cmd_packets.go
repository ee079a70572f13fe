package e2e

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e/packet"
)

func packetCommands() []command {
	return []command{
		{"listen", "listen VM|PLACE:INTERFACE…", cmdListen},
		{"send", "send VM|PLACE:INTERFACE FIELD=VALUE… | hex=BYTES", cmdSend},
		{"expect-hear", "expect-hear LISTENER… [-n COUNT] [-max COUNT] [-t DEADLINE] [CONDITION…]", cmdExpectHear},
		{"expect-silence", "expect-silence LISTENER… [CONDITION…]", cmdExpectSilence},
		{"heard", "heard LISTENER… [CONDITION…]", cmdHeard},
		{"arping", "arping VM ADDRESS [MAC]", cmdArping},
	}
}

func cmdListen(c *call) error {
	if len(c.args) == 0 {
		return errUsage
	}
	for _, name := range c.args {
		if err := c.s.Listen(name); err != nil {
			return err
		}
	}
	return nil
}

func cmdSend(c *call) error {
	if len(c.args) < 2 {
		return errUsage
	}
	data, err := c.s.frame(c.args[0], c.args[1:])
	if err != nil {
		return err
	}
	return c.s.Send(c.args[0], data)
}

// frame builds a frame as a VM would send it: source addresses are its own
// unless given; multicast addresses give the MAC; a VM's name stands for its
// MAC or address.
func (s *Sandbox) frame(from string, words []string) ([]byte, error) {
	if strings.HasPrefix(words[0], "hex=") {
		return packet.Encode(words)
	}
	var out []string
	given := map[string]string{}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		if v, ok := s.vms[value]; ok {
			switch {
			case slices.Contains(strings.Fields("eth.src eth.dst arp.sha arp.tha nd.sll nd.tll"), name):
				value = v.MAC.String()
			case slices.Contains(strings.Fields("ip4.src ip4.dst ip6.src ip6.dst arp.spa arp.tpa nd.target"), name):
				a, err := s.Address(value, strings.HasPrefix(name, "ip6") || name == "nd.target")
				if err != nil {
					return nil, err
				}
				value = a.String()
			}
		}
		given[name] = value
		out = append(out, name+"="+value)
	}
	if v, ok := s.vms[from]; ok {
		out = append(v.defaults(given), out...)
	}
	if _, ok := given["eth.dst"]; !ok {
		dst, err := netip.ParseAddr(given["ip4.dst"] + given["ip6.dst"])
		mac := multicastMAC(dst)
		if _, arp := given["arp.tpa"]; arp {
			mac = "ff:ff:ff:ff:ff:ff"
		} else if err != nil || mac == "" {
			return nil, fmt.Errorf("%w: eth.dst is missing", errUsage)
		}
		out = append(out, "eth.dst="+mac)
	}
	return packet.Encode(out)
}

// defaults are the source fields that a VM would fill in.
func (v *VM) defaults(given map[string]string) []string {
	var out []string
	if v.MAC != nil {
		out = append(out, "eth.src="+v.MAC.String())
	}
	for _, d := range []struct {
		field, because string
		six            bool
	}{{"ip4.src", "ip4.dst", false}, {"ip6.src", "ip6.dst", true}, {"arp.spa", "arp.tpa", false}} {
		if _, ok := given[d.because]; !ok {
			continue
		}
		if a, err := v.s.Address(v.Name, d.six); err == nil {
			out = append(out, d.field+"="+a.String())
		}
	}
	return out
}

// multicastMAC maps a group address to its MAC (RFC 1112, RFC 2464).
func multicastMAC(a netip.Addr) string {
	b := a.AsSlice()
	switch {
	case a.Is4() && a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "ff:ff:ff:ff:ff:ff"
	case a.Is4() && a.IsMulticast():
		return net.HardwareAddr{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}.String()
	case a.Is6() && a.IsMulticast():
		return net.HardwareAddr{0x33, 0x33, b[12], b[13], b[14], b[15]}.String()
	}
	return ""
}

// selection splits listeners from conditions.
func (c *call) selection() ([]*listener, selector, error) {
	var ls []*listener
	var conds []string
	for _, w := range c.args {
		if l, ok := c.s.sight.listeners[w]; ok {
			ls = append(ls, l)
		} else if _, _, err := c.s.endpoint(w); err == nil {
			return nil, selector{}, fmt.Errorf("e2e: nobody listens at %s: say `listen %[1]s` before the packets are sent", w)
		} else {
			conds = append(conds, w)
		}
	}
	if len(ls) == 0 {
		return nil, selector{}, errUsage
	}
	if len(conds) == 0 {
		return ls, selector{same: c.s.sight.last}, nil
	}
	f, err := packet.ParseFilter(conds)
	return ls, selector{filter: f}, err
}

// cmdExpectHear: without conditions the frame sent last, exactly once (or -n
// times) at each listener; with conditions at least once (or -n times), and not
// more than -max times, if that is given.
func cmdExpectHear(c *call) error {
	count, most, deadline := "1", "", "5s"
	if err := c.flags(map[string]*string{"-n": &count, "-max": &most, "-t": &deadline}, nil); err != nil {
		return err
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return errUsage
	}
	limit := math.MaxInt
	if most != "" {
		if limit, err = strconv.Atoi(most); err != nil || limit < n {
			return errUsage
		}
	}
	d, err := duration(deadline)
	if err != nil {
		return err
	}
	ls, x, err := c.selection()
	if err != nil {
		return err
	}
	if x.filter == nil && x.same == nil {
		return fmt.Errorf("e2e: nothing was sent yet")
	}
	for _, l := range ls {
		got, err := l.await(x, n, d)
		if err != nil {
			return unmet{err}
		}
		c.print(l, got)
	}
	if x.filter == nil && most == "" {
		limit = n
	}
	if limit == math.MaxInt {
		return nil
	}
	if err := c.s.barrier(); err != nil {
		return err
	}
	for _, l := range ls {
		if got, _ := l.pick(x); len(got) > limit {
			return unmetf("%s heard %s %d times, not %d", l.name, x, len(got), limit)
		}
	}
	return nil
}

// cmdExpectSilence sends markers through all switches, so that what was under
// way has arrived, and then looks.
func cmdExpectSilence(c *call) error {
	ls, x, err := c.selection()
	if err != nil {
		return err
	}
	if err := c.s.barrier(); err != nil {
		return err
	}
	for _, l := range ls {
		if got, _ := l.pick(x); len(got) > 0 {
			c.print(l, got)
			return unmetf("%s heard %s %d times", l.name, x, len(got))
		}
	}
	return nil
}

func cmdHeard(c *call) error {
	ls, x, err := c.selection()
	if err != nil {
		return err
	}
	if x.filter == nil {
		x = selector{filter: packet.Filter{}}
	}
	for _, l := range ls {
		got, _ := l.pick(x)
		c.print(l, got)
	}
	return nil
}

func (c *call) print(l *listener, frames []frame) {
	for _, f := range frames {
		fmt.Fprintf(c.stdout, "%s %s\n", l.name, f.decode())
	}
}

// cmdArping asks with ARP or a neighbour solicitation who has an address, and
// prints who answers. With a MAC, that one must answer, once, and nobody else.
func cmdArping(c *call) error {
	if len(c.args) < 2 || len(c.args) > 3 {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(c.args[1])
	if err != nil {
		return errUsage
	}
	words, conds, field := question(v, addr)
	data, err := c.s.frame(v.Name, words)
	if err != nil {
		return err
	}
	f, err := packet.ParseFilter(conds)
	if err != nil {
		return err
	}
	l := &listener{name: v.Name, changed: make(chan struct{})}
	if err := l.open(v.ns, "eth0"); err != nil {
		return err
	}
	defer l.tap.Close()
	last := c.s.sight.last
	if err := c.s.Send(v.Name, data); err != nil {
		return err
	}
	c.s.sight.last = last
	deadline := 2 * time.Second
	if c.neg {
		deadline = 500 * time.Millisecond
	}
	if _, err := l.await(selector{filter: f}, 1, deadline); err != nil {
		return unmetf("nobody answers to %s's question for %s", v.Name, addr)
	}
	if err := c.s.barrier(); err != nil {
		return err
	}
	answers, _ := l.pick(selector{filter: f})
	for _, a := range answers {
		mac, _ := a.fields.Get(field)
		fmt.Fprintf(c.stdout, "%s is at %s\n", addr, mac)
		if len(c.args) == 3 && mac != c.args[2] {
			return unmetf("%s is at %s, not %s", addr, mac, c.args[2])
		}
	}
	if len(c.args) == 3 && len(answers) != 1 {
		return unmetf("%d answers for %s", len(answers), addr)
	}
	return nil
}

// question returns the fields of an ARP request or neighbour solicitation, the
// conditions of its answer, which is not for all, as an announcement is, and the field
// that then holds the MAC.
func question(v *VM, a netip.Addr) (words, conds []string, field string) {
	toIt := "eth.dst==" + v.MAC.String()
	if a.Is4() {
		return []string{"arp.op=1", "arp.tpa=" + a.String()}, []string{toIt, "arp.op==2", "arp.spa==" + a.String()}, "arp.sha"
	}
	b := a.As16()
	group := netip.AddrFrom16([16]byte{0xff, 0x02, 10: 0, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]}) // RFC 4291 2.7.1
	return []string{"ip6.dst=" + group.String(), "nd.target=" + a.String(), "nd.sll=" + v.MAC.String()},
		[]string{toIt, "icmp6.type==136", "nd.target==" + a.String()}, "nd.tll"
}
