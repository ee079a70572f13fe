package e2e

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/e2e/netns"
	"github.com/weft-sdn/weft/e2e/traffic"
)

// VM is a namespace that plays a virtual machine: one interface eth0, whose
// other end is a port of some hypervisor's br-int. An external host is the
// same on the provider network, a container the same in a VM.
type VM struct {
	VMConfig
	s   *Sandbox
	ns  string
	dev string // the port's name on the hypervisor
	hv  *Hypervisor

	parent *VM     // of a container: the VM that it is in
	access *access // of a container, or a host on a VLAN

	groups map[netip.Addr]*traffic.Membership // that it has joined
}

// VMConfig describes a VM.
type VMConfig struct {
	Name    string
	MAC     net.HardwareAddr
	Addrs   []netip.Prefix
	Gateway []netip.Addr
	IfaceID string // default: the name
	MTU     int    // default 1500
	RA      bool   // configure IPv6 from router advertisements
}

// AddVM makes a VM and plugs it into a hypervisor.
func (s *Sandbox) AddVM(hv string, c VMConfig) (*VM, error) {
	h, err := s.Hypervisor(hv)
	if err != nil {
		return nil, err
	}
	v, err := s.newVM(c)
	if err != nil {
		return nil, err
	}
	return v, v.plug(h)
}

// newVM makes the namespace. IPv6 is off where it is not asked for, so that
// the VM says nothing of its own accord.
func (s *Sandbox) newVM(c VMConfig) (*VM, error) {
	if _, _, err := s.place(c.Name); err == nil || slices.ContainsFunc(commands(), func(x command) bool { return x.name == c.Name }) {
		return nil, fmt.Errorf("e2e: VM name %q is empty, taken, or that of a command", c.Name)
	}
	if c.IfaceID == "" {
		c.IfaceID = c.Name
	}
	if c.MTU == 0 {
		c.MTU = 1500
	}
	v := &VM{VMConfig: c, s: s, ns: s.ns("vm-" + c.Name), dev: c.Name, groups: map[netip.Addr]*traffic.Membership{}}
	if len(v.dev) > 15 { // IFNAMSIZ
		v.dev = fmt.Sprintf("vm%x", sha256.Sum256([]byte(c.Name)))[:13]
	}
	if err := netns.IP("", "netns add "+v.ns); err != nil {
		return nil, err
	}
	s.vms[c.Name] = v
	if err := netns.IP(v.ns, "link set lo up"); err != nil {
		return nil, err
	}
	six := v.RA
	for _, a := range v.Addrs {
		six = six || a.Addr().Is6()
	}
	if !six {
		return v, netns.Sysctl(v.ns, "ipv6.conf.all.disable_ipv6=1", "ipv6.conf.default.disable_ipv6=1")
	}
	// What the kernel says of its groups unasked (RFC 3810, section 6.1) it says at
	// once, not within the next seconds, where a scenario listens for silence.
	set := []string{"ipv6.conf.default.accept_dad=0", "ipv6.conf.default.dad_transmits=0",
		"ipv6.conf.default.mldv2_unsolicited_report_interval=20"}
	if v.RA {
		set = append(set, "ipv6.conf.default.accept_ra=2")
	} else {
		set = append(set, "ipv6.conf.default.accept_ra=0", "ipv6.conf.default.router_solicitations=0")
	}
	return v, netns.Sysctl(v.ns, set...)
}

// plug makes eth0 and joins it to a hypervisor's br-int.
func (v *VM) plug(h *Hypervisor) error {
	v.hv = h
	if err := v.link(h.ns); err != nil {
		return err
	}
	if err := netns.Isolate(h.ns, v.dev); err != nil {
		return err
	}
	for _, c := range v.containers() {
		c.access.close()
		if err := c.access.open(); err != nil {
			return err
		}
	}
	_, err := h.tool("ovs-vsctl", "--timeout=30", "add-port", "br-int", v.dev, "--", "set", "Interface", v.dev, `external-ids:iface-id="`+v.IfaceID+`"`)
	return err
}

// configure sets up eth0 inside.
func (v *VM) configure() error {
	lines := slices.Concat([]string{"link set eth0 up"}, addressLines(v.Addrs...), routeLines(v.Gateway...))
	if err := netns.IP(v.ns, lines...); err != nil {
		return err
	}
	if err := netns.TxOff(v.ns, "eth0"); err != nil {
		return err
	}
	for _, m := range v.groups {
		// The memberships went with the old eth0.
		m.Close()
		if err := m.Join(); err != nil {
			return err
		}
	}
	return nil
}

// addressLines and routeLines are for `ip -batch`.
func addressLines(addrs ...netip.Prefix) []string {
	var lines []string
	for _, a := range addrs {
		line := "addr add " + a.String() + " dev eth0"
		if a.Addr().Is6() {
			line += " nodad"
		}
		lines = append(lines, line)
	}
	return lines
}

func routeLines(gateways ...netip.Addr) []string {
	var lines []string
	for _, g := range gateways {
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if g.Is6() {
			all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		// onlink: a gateway outside of the VM's own subnet is allowed
		lines = append(lines, fmt.Sprintf("route add %s via %s dev eth0 onlink", all, g))
	}
	return lines
}

// close ends what the VM has open.
func (v *VM) close() {
	if v.access != nil {
		v.access.close()
	}
	for _, m := range v.groups {
		m.Close()
	}
	clear(v.groups)
}

// unplug takes the VM off its hypervisor. Removing eth0 takes its addresses
// and routes along.
func (v *VM) unplug() error {
	if v.hv == nil {
		return nil
	}
	if _, err := v.hv.tool("ovs-vsctl", "--timeout=30", "--if-exists", "del-port", v.dev); err != nil {
		return err
	}
	err := netns.IP(v.hv.ns, "link del dev "+v.dev)
	v.hv = nil
	return err
}

// Move plugs the VM into another hypervisor: same MAC, same addresses.
func (v *VM) Move(hv string) error {
	h, err := v.s.Hypervisor(hv)
	if err != nil {
		return err
	}
	if v.hv == nil {
		return fmt.Errorf("e2e: %s is on no hypervisor", v.Name)
	}
	if err := v.unplug(); err != nil {
		return err
	}
	if err := v.plug(h); err != nil {
		return err
	}
	return v.s.sight.again(v)
}

// Delete unplugs the VM and removes it, and its containers.
func (v *VM) Delete() error {
	for _, c := range v.containers() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	v.s.sight.drop(v.Name)
	v.close()
	if err := v.unplug(); err != nil {
		return err
	}
	delete(v.s.vms, v.Name)
	return netns.IP("", "netns del "+v.ns)
}

// VM returns the VM or external host of that name.
func (s *Sandbox) VM(name string) (*VM, error) {
	v, ok := s.vms[name]
	if !ok {
		return nil, fmt.Errorf("e2e: there is no VM or external host %q", name)
	}
	return v, nil
}

// Address resolves what a scenario names as a target: an address, or a VM's
// first address of the family.
func (s *Sandbox) Address(target string, six bool) (netip.Addr, error) {
	if a, err := netip.ParseAddr(target); err == nil {
		return a, nil
	}
	v, err := s.VM(target)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("e2e: %q is neither an address nor a VM", target)
	}
	for _, p := range v.Addrs {
		if p.Addr().Is6() == six {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("e2e: %s has no address of that family", target)
}
