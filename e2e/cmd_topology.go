package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

func topologyCommands() []command {
	return []command{
		{"hv", "hv COUNT [-embedded] [-sb-remote] [-ip6]", cmdHV},
		{"vm", "vm NAME HV MAC [ADDR/LEN]… [GATEWAY]… [-iface-id ID] [-mtu N] [-ra]", cmdVM},
		{"vm-move", "vm-move NAME HV", cmdVMMove},
		{"vm-del", "vm-del NAME…", cmdVMDel},
		{"container", "container NAME VM TAG [MAC] [ADDR/LEN]… [GATEWAY]…", cmdContainer},
		{"exthost", "exthost NAME [MAC] ADDR/LEN… [GATEWAY]… [-vlan TAG]", cmdExtHost},
	}
}

func cmdHV(c *call) error {
	err := c.flags(nil, map[string]*bool{"-embedded": &c.s.Embedded, "-sb-remote": &c.s.SBRemote, "-ip6": &c.s.IPv6})
	if err != nil || len(c.args) != 1 {
		return errUsage
	}
	n, err := strconv.Atoi(c.args[0])
	if err != nil || n < 0 || n > 200 {
		return errUsage
	}
	return c.s.AddHypervisors(n)
}

// vmConfig reads MAC, addresses and gateways in any order.
func vmConfig(name string, words []string) (VMConfig, error) {
	v := VMConfig{Name: name}
	for _, w := range words {
		if m, err := net.ParseMAC(w); err == nil {
			v.MAC = m
		} else if p, err := netip.ParsePrefix(w); err == nil {
			v.Addrs = append(v.Addrs, p)
		} else if a, err := netip.ParseAddr(w); err == nil {
			v.Gateway = append(v.Gateway, a)
		} else {
			return v, fmt.Errorf("%w: %q is no MAC, ADDR/LEN or gateway address", errUsage, w)
		}
	}
	return v, nil
}

func cmdVM(c *call) error {
	var ifaceID, mtu string
	var ra bool
	if err := c.flags(map[string]*string{"-iface-id": &ifaceID, "-mtu": &mtu}, map[string]*bool{"-ra": &ra}); err != nil || len(c.args) < 3 {
		return errUsage
	}
	v, err := vmConfig(c.args[0], c.args[2:])
	if err != nil {
		return err
	}
	if v.MAC == nil {
		return errUsage
	}
	v.IfaceID, v.RA = ifaceID, ra
	if mtu != "" {
		if v.MTU, err = strconv.Atoi(mtu); err != nil {
			return errUsage
		}
	}
	_, err = c.s.AddVM(c.args[1], v)
	return err
}

func cmdVMMove(c *call) error {
	if len(c.args) != 2 {
		return errUsage
	}
	v, err := c.s.VM(c.args[0])
	if err != nil {
		return err
	}
	return v.Move(c.args[1])
}

func cmdVMDel(c *call) error {
	for _, name := range c.args {
		v, err := c.s.VM(name)
		if err != nil {
			return err
		}
		if err := v.Delete(); err != nil {
			return err
		}
	}
	return nil
}

func cmdContainer(c *call) error {
	if len(c.args) < 3 {
		return errUsage
	}
	tag, err := vlanID(c.args[2])
	if err != nil {
		return err
	}
	v, err := vmConfig(c.args[0], c.args[3:])
	if err != nil {
		return err
	}
	_, err = c.s.AddContainer(c.args[1], tag, v)
	return err
}

func cmdExtHost(c *call) error {
	var vlan string
	if err := c.flags(map[string]*string{"-vlan": &vlan}, nil); err != nil || len(c.args) < 2 {
		return errUsage
	}
	v, err := vmConfig(c.args[0], c.args[1:])
	if err != nil {
		return err
	}
	var tag uint16
	if vlan != "" {
		if tag, err = vlanID(vlan); err != nil {
			return err
		}
	}
	_, err = c.s.AddExternal(tag, v)
	return err
}
