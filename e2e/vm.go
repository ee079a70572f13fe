package e2e

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/e2e/netns"
)

// VM is a namespace that plays a virtual machine: one interface eth0, whose
// other end is a port of some hypervisor's br-int. An external host is the
// same on the provider network.
type VM struct {
	VMConfig
	s   *Sandbox
	ns  string
	dev string // the port's name on the hypervisor
	hv  *Hypervisor
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
	v := &VM{VMConfig: c, s: s, ns: s.ns("vm-" + c.Name), dev: c.Name}
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
	set := []string{"ipv6.conf.default.accept_dad=0", "ipv6.conf.default.dad_transmits=0"}
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
	if err := netns.IP(h.ns, fmt.Sprintf("link add name %s mtu %d type veth peer name eth0 address %s mtu %[2]d netns %[4]s", v.dev, v.MTU, v.MAC, v.ns),
		"link set dev "+v.dev+" up"); err != nil {
		return err
	}
	if err := netns.Isolate(h.ns, v.dev); err != nil {
		return err
	}
	if err := v.configure(); err != nil {
		return err
	}
	_, err := h.tool("ovs-vsctl", "--timeout=30", "add-port", "br-int", v.dev, "--", "set", "Interface", v.dev, `external-ids:iface-id="`+v.IfaceID+`"`)
	return err
}

// configure sets up eth0 inside.
func (v *VM) configure() error {
	lines := []string{"link set eth0 up"}
	for _, a := range v.Addrs {
		line := "addr add " + a.String() + " dev eth0"
		if a.Addr().Is6() {
			line += " nodad"
		}
		lines = append(lines, line)
	}
	for _, g := range v.Gateway {
		all := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if g.Is6() {
			all = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		// onlink: a gateway outside of the VM's own subnet is allowed
		lines = append(lines, fmt.Sprintf("route add %s via %s dev eth0 onlink", all, g))
	}
	if err := netns.IP(v.ns, lines...); err != nil {
		return err
	}
	return netns.TxOff(v.ns, "eth0")
}

// unplug takes the VM off its hypervisor. Removing eth0 takes its addresses
// and routes along.
func (v *VM) unplug() error {
	if v.hv == nil {
		return nil
	}
	if _, err := v.hv.tool("ovs-vsctl", "--timeout=30", "--if-exists", "del-port", "br-int", v.dev); err != nil {
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
	if err := v.unplug(); err != nil {
		return err
	}
	if err := v.plug(h); err != nil {
		return err
	}
	return v.s.sight.again(v)
}

// Delete unplugs the VM and removes it.
func (v *VM) Delete() error {
	v.s.sight.drop(v.Name)
	if err := v.unplug(); err != nil {
		return err
	}
	delete(v.s.vms, v.Name)
	return netns.IP("", "netns del "+v.ns)
}

// AddExternal makes a host on the provider network.
func (s *Sandbox) AddExternal(c VMConfig) (*VM, error) {
	v, err := s.newVM(c)
	if err != nil {
		return nil, err
	}
	mac := ""
	if c.MAC != nil {
		mac = " address " + c.MAC.String()
	}
	if err := netns.IP(s.ns("fab"), fmt.Sprintf("link add name %s type veth peer name eth0%s netns %s", v.dev, mac, v.ns),
		"link set dev "+v.dev+" master ext up"); err != nil {
		return nil, err
	}
	if v.MAC == nil {
		if v.MAC, err = netns.HardwareAddr(v.ns, "eth0"); err != nil {
			return nil, err
		}
	}
	return v, v.configure()
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
