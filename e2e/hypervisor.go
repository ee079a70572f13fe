package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Hypervisor is a namespace with its own Open vSwitch.
type Hypervisor struct {
	Name string // also its system-id
	s    *Sandbox
	i    int
	ns   string
	dir  string // OVS_RUNDIR
}

func (s *Sandbox) newHypervisor(i int) *Hypervisor {
	name := fmt.Sprintf("hv%d", i)
	return &Hypervisor{Name: name, s: s, i: i, ns: s.ns(name), dir: filepath.Join(s.Dir, name)}
}

// tunnelIP is the hypervisor's address on the underlay that its tunnels have
// at first.
func (h *Hypervisor) tunnelIP() string { return h.underlayIP(h.s.IPv6) }

func (h *Hypervisor) underlayIP(six bool) string {
	if six {
		return fmt.Sprintf("fd00:10::%x", h.i)
	}
	return fmt.Sprintf("10.0.0.%d", h.i)
}

// tunnelMAC is fixed, so that neighbours can be seeded.
func (h *Hypervisor) tunnelMAC() string { return fmt.Sprintf("0a:00:0a:00:00:%02x", h.i) }

const ovsSchema = "/usr/share/openvswitch/vswitch.ovsschema"

// start brings up links and switch; br-int is the agent's business.
func (h *Hypervisor) start() error {
	if err := os.MkdirAll(filepath.Join(h.dir, "etc"), 0o755); err != nil {
		return fmt.Errorf("e2e: %s: %w", h.Name, err)
	}
	if err := h.links(); err != nil {
		return err
	}
	if _, err := h.tool("ovsdb-tool", "create", h.dir+"/conf.db", ovsSchema); err != nil {
		return err
	}
	if err := h.s.run(&daemon{name: h.Name + "/ovsdb", start: h.startOvsdb}); err != nil {
		return err
	}
	if _, err := h.tool(append(strings.Fields("ovs-vsctl --no-wait init -- set Open_vSwitch ."), h.settings()...)...); err != nil {
		return err
	}
	if err := h.s.run(&daemon{name: h.Name + "/vswitchd", start: h.startVswitchd}); err != nil {
		return err
	}
	if h.s.Dummy {
		return nil
	}
	return h.bridges()
}

// links joins the hypervisor to the three networks of the fabric. Management
// is a plain interface: control traffic must not depend on the switch.
func (h *Hypervisor) links() error {
	if err := netns.IP("", "netns add "+h.ns); err != nil {
		return err
	}
	if err := netns.Sysctl(h.ns, "ipv4.conf.all.arp_ignore=1", "ipv4.conf.default.rp_filter=0", "ipv6.conf.default.disable_ipv6=1"); err != nil {
		return err
	}
	fab := h.s.ns("fab")
	err := netns.IP(h.ns, "link set lo up",
		fmt.Sprintf("link add ul mtu %d type veth peer name ul%d mtu %[1]d netns %[3]s", underlayMTU, h.i, fab),
		fmt.Sprintf("link add ext type veth peer name ext%d netns %s", h.i, fab),
		fmt.Sprintf("link add mgmt type veth peer name mgmt%d netns %s", h.i, fab),
		"link set ul up", "link set ext up", "link set mgmt up",
		fmt.Sprintf("addr add 172.31.0.%d/24 dev mgmt", h.i))
	if err != nil {
		return err
	}
	var lines []string
	for _, net := range []string{"ul", "ext", "mgmt"} {
		lines = append(lines, fmt.Sprintf("link set %s%d master %[1]s up", net, h.i))
	}
	if err := netns.IP(fab, lines...); err != nil {
		return err
	}
	return netns.Isolate(h.ns, "ul", "ext")
}

// settings are the columns of the Open_vSwitch row.
func (h *Hypervisor) settings() []string {
	remote := h.s.Backend.remote(h.s)
	settings := []string{
		"external-ids:system-id=" + h.Name, "external-ids:hostname=" + h.Name,
		"external-ids:ovn-remote=\"" + remote + "\"", "external-ids:ovn-encap-type=geneve",
		"external-ids:ovn-encap-ip=\"" + h.tunnelIP() + "\"",
		"external-ids:ovn-bridge-mappings=phys:br-ex", "external-ids:ovn-bridge-datapath-type=netdev",
		"other_config:n-handler-threads=1", "other_config:n-revalidator-threads=1",
	}
	if h.s.Dummy {
		// In a large cloud OVN's controller and its database are busy for longer
		// than the 5 s after which the one takes the other for dead and starts
		// from nothing, for ever.
		settings = append(settings, "external-ids:ovn-remote-probe-interval=0", "external-ids:ovn-openflow-probe-interval=0")
	}
	return settings
}

func (h *Hypervisor) startOvsdb() (*Process, error) {
	return h.s.startDetached(h.Name+"/ovsdb", h.ns, h.s.env(h.dir), h.dir+"/ovsdb-server.pid", h.dir+"/ovsdb-server.log",
		"ovsdb-server", h.dir+"/conf.db", "--remote=punix:"+h.dir+"/db.sock", "--remote=db:Open_vSwitch,Open_vSwitch,manager_options")
}

// startVswitchd gives the database's absolute path: a relative one is looked
// for in OVS_RUNDIR, for ever.
func (h *Hypervisor) startVswitchd() (*Process, error) {
	args := []string{"ovs-vswitchd", "unix:" + h.dir + "/db.sock", "--disable-system"}
	if h.s.Dummy {
		args = append(args, "--enable-dummy=override")
	}
	return h.s.startDetached(h.Name+"/vswitchd", h.ns, h.s.env(h.dir), h.dir+"/ovs-vswitchd.pid", h.dir+"/ovs-vswitchd.log", args...)
}

// bridges makes br-phys, which holds the tunnel endpoint's address on its
// local port, and br-ex, the provider network.
func (h *Hypervisor) bridges() error {
	cmd := fmt.Sprintf(`ovs-vsctl --timeout=30
		-- add-br br-phys -- set bridge br-phys datapath_type=netdev fail_mode=standalone other-config:hwaddr=%s -- add-port br-phys ul
		-- add-br br-ex -- set bridge br-ex datapath_type=netdev fail_mode=standalone -- add-port br-ex ext`, h.tunnelMAC())
	if _, err := h.tool(strings.Fields(cmd)...); err != nil {
		return err
	}
	if err := netns.Sysctl(h.ns, "ipv6.conf.br-phys.disable_ipv6=0"); err != nil {
		return err
	}
	return netns.IP(h.ns, "addr add "+h.underlayIP(false)+"/24 dev br-phys", "addr add "+h.underlayIP(true)+"/64 dev br-phys nodad", "link set br-phys up")
}

func (h *Hypervisor) seedNeighbours(all []*Hypervisor) error {
	// ovs-appctl takes one command a call; the calls go to one process.
	if _, err := h.tool("ovs-appctl", "tnl/neigh/aging", "3600"); err != nil {
		return err
	}
	for _, o := range all {
		if o == h {
			continue
		}
		for _, addr := range []string{o.underlayIP(false), o.underlayIP(true)} {
			if _, err := h.tool("ovs-appctl", "tnl/arp/set", "br-phys", addr, o.tunnelMAC()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Hypervisor) tool(args ...string) (string, error) {
	out, err := h.s.toolAt(h.ns, h.dir, args...)
	if err != nil {
		return "", fmt.Errorf("e2e: %s: %w", h.Name, err)
	}
	return out, nil
}
