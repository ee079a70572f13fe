package e2e

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e/netns"
	"github.com/weft-sdn/weft/e2e/packet"
	"github.com/weft-sdn/weft/e2e/traffic"
)

func serviceCommands() []command {
	return []command{
		{"dhcp", "dhcp VM [-6] [-inform] [-use] [-hostname NAME] [-t DEADLINE] [CONDITION…]", cmdDHCP},
		{"dns", "dns VM @SERVER[:PORT] NAME [TYPE [VALUE…]] [-t DEADLINE]", cmdDNS},
		{"join", "join VM GROUP [SOURCE] [-v VERSION]", cmdJoin},
		{"leave", "leave VM GROUP", cmdLeave},
	}
}

// answerWithin is how long a server of the network may take: with ! what it
// takes to believe that nothing comes.
func (c *call) answerWithin(flag string) (time.Duration, error) {
	switch {
	case flag != "":
		return duration(flag)
	case c.neg:
		return 1500 * time.Millisecond, nil // one repetition
	default:
		return 5 * time.Second, nil
	}
}

// noAnswer makes an expectation that is not met of nobody's answer.
func noAnswer(err error) error {
	if errors.Is(err, traffic.ErrNoAnswer) {
		return unmet{err}
	}
	return err
}

// cmdDHCP prints the last answer, as listeners do.
func cmdDHCP(c *call) error {
	var within string
	var six, use bool
	d := traffic.DHCP{Dev: "eth0"}
	err := c.flags(map[string]*string{"-t": &within, "-hostname": &d.Hostname}, map[string]*bool{"-6": &six, "-use": &use, "-inform": &d.Inform})
	if err != nil || len(c.args) == 0 || d.Inform && !six {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	d.NS, d.MAC = v.ns, v.MAC
	if d.Deadline, err = c.answerWithin(within); err != nil {
		return err
	}
	f, err := packet.ParseFilter(c.args[1:])
	if err != nil {
		return err
	}
	ask := d.Four
	if six {
		ask = d.Six
	}
	l, err := ask()
	if err != nil {
		return noAnswer(err)
	}
	fields := packet.Decode(l.Frame)
	fmt.Fprintf(c.stdout, "%s %s\n", v.Name, fields)
	switch {
	case !f.Match(fields):
		return unmetf("the answer to %s does not fit [%s]", v.Name, f)
	case len(f) == 0 && !l.Addr.IsValid() && !d.Inform:
		return unmetf("%s got no address", v.Name)
	case use && l.Addr.IsValid():
		return v.use(l)
	}
	return nil
}

// use configures a VM with what it got.
func (v *VM) use(l *traffic.Lease) error {
	v.Addrs = append(v.Addrs, l.Addr)
	v.Gateway = append(v.Gateway, l.Routers...)
	if l.MTU != 0 {
		if err := netns.IP(v.ns, fmt.Sprintf("link set dev eth0 mtu %d", l.MTU)); err != nil {
			return err
		}
	}
	return netns.IP(v.ns, slices.Concat(addressLines(l.Addr), routeLines(l.Routers...))...)
}

// cmdDNS prints code and records. Without values there must be a record; with
// values these and no others, in any order.
func cmdDNS(c *call) error {
	var flag string
	if err := c.flags(map[string]*string{"-t": &flag}, nil); err != nil || len(c.args) < 3 || !strings.HasPrefix(c.args[1], "@") {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	server, err := netip.ParseAddrPort(c.args[1][1:])
	if err != nil {
		addr, err := c.s.Address(c.args[1][1:], false)
		if err != nil {
			return err
		}
		server = netip.AddrPortFrom(addr, 53)
	}
	deadline, err := c.answerWithin(flag)
	if err != nil {
		return err
	}
	kind, want := "A", []string(nil)
	if len(c.args) > 3 {
		kind, want = c.args[3], slices.Sorted(slices.Values(c.args[4:]))
	}
	code, records, err := traffic.DNS(v.ns, server, c.args[2], kind, deadline)
	if err != nil {
		return noAnswer(err)
	}
	fmt.Fprintln(c.stdout, code)
	var have []string
	for _, r := range records {
		fmt.Fprintln(c.stdout, r.Name, r.Type, r.Value)
		if strings.EqualFold(r.Type, kind) {
			have = append(have, r.Value)
		}
	}
	slices.Sort(have)
	switch {
	case len(have) == 0:
		return unmetf("%s: %s has no record of type %s", code, c.args[2], kind)
	case len(want) > 0 && !slices.Equal(have, want):
		return unmetf("the %s records of %s are %s, not %s", kind, c.args[2], have, want)
	}
	return nil
}

func cmdJoin(c *call) error {
	var version string
	if err := c.flags(map[string]*string{"-v": &version}, nil); err != nil || len(c.args) < 2 || len(c.args) > 3 {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	m := &traffic.Membership{NS: v.ns, Dev: "eth0"}
	if m.Group, err = netip.ParseAddr(c.args[1]); err != nil || !m.Group.IsMulticast() {
		return fmt.Errorf("%w: %q is not the address of a group", errUsage, c.args[1])
	}
	if len(c.args) == 3 {
		if m.Source, err = netip.ParseAddr(c.args[2]); err != nil {
			return errUsage
		}
	}
	if version != "" {
		if _, err := fmt.Sscanf(version, "%d", &m.Version); err != nil {
			return errUsage
		}
	}
	if v.groups[m.Group] != nil {
		return fmt.Errorf("e2e: %s is a member of %s already", v.Name, m.Group)
	}
	if err := m.Join(); err != nil {
		return err
	}
	v.groups[m.Group] = m
	return nil
}

func cmdLeave(c *call) error {
	if len(c.args) != 2 {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	g, err := netip.ParseAddr(c.args[1])
	m := v.groups[g]
	if err != nil || m == nil {
		return fmt.Errorf("e2e: %s is no member of %q", v.Name, c.args[1])
	}
	delete(v.groups, g)
	return m.Close()
}
