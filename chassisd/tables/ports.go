package tables

import (
	"strings"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/lflow/portsec"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Port is what the tables read of a Port_Binding; clouds write much in the other
// columns.
type Port struct {
	Name, Type string
	Datapath   schema.UUID
	Key        uint32
	Requested  string      // options:requested-chassis, as binding.Requested
	Version    string      // options:iface-id-ver
	Peer       string      // options:peer
	Gateway    string      // options:l3gateway-chassis
	For        string      // options:distributed-port
	Group      schema.UUID // of the chassis that may have it: HA_Chassis_Group
	Bridged    bool        // options:redirect-type is bridged: packets get there over the physical network
	Central    bool        // options:chassis-redirect-port: another one stands for it, on the chassis that has it
	Always     bool        // options:always-redirect: that one does so for all packets
	Network    string      // of a localnet port: options:network_name
	VLAN       physical.VLAN
	Security   security
	Addresses  HostAddresses // of a router's port
	// What it announces: see announce.go.
	Host  host
	Quiet bool
	// Tracked: it leads to another datapath, and has a conntrack zone of its own.
	Tracked bool
}

// security is column port_security, each element behind a line feed. It is kept
// as text: of the ports of a cloud those with rules here are few.
type security string

func securityOf(column []string) security {
	var b strings.Builder
	for _, element := range column {
		b.WriteByte('\n')
		if !strings.Contains(element, "\n") { // else it is invalid, as the empty one is
			b.WriteString(element)
		}
	}
	return security(b.String())
}

// policy is what the column says.
func (s security) policy() portsec.Policy {
	if s == "" {
		return portsec.Policy{}
	}
	p, _ := portsec.Parse(strings.Split(string(s[1:]), "\n")) // northd tells what is invalid
	return p
}

// fedPort is a port with what it announces of NAT, which much changes without the
// port.
type fedPort struct {
	Port
	nat    natAddresses
	advert Advert
}

// PortOf takes it from a row.
func PortOf(p *sb.PortBinding) Port {
	port := Port{
		Name: p.LogicalPort, Type: p.Type, Datapath: p.Datapath, Key: uint32(p.TunnelKey),
		Requested: binding.Requested(p.Options), Version: p.Options["iface-id-ver"],
		Peer: p.Options["peer"], Gateway: p.Options["l3gateway-chassis"],
		For: p.Options["distributed-port"], Security: securityOf(p.PortSecurity),
	}
	port.announcedBy(p)
	if port.Type != "" && len(p.MAC) > 0 {
		port.Addresses = HostAddresses(p.MAC[0])
	}
	if p.HAChassisGroup != nil {
		port.Group = *p.HAChassisGroup
	}
	port.Central = p.Options["chassis-redirect-port"] != ""
	port.Always = p.Type == standInType && p.Options["always-redirect"] == "true"
	port.Bridged = p.Type == standInType && p.Options["redirect-type"] == "bridged"
	port.Tracked = p.Type == patch && p.Options["enable_router_port_acl"] == "true"
	if p.Type == localnet {
		port.Network, port.VLAN = p.Options["network_name"], vlanOf(p)
	}
	return port
}

// vlanOf reads how the packets of a localnet port look outside.
func vlanOf(p *sb.PortBinding) physical.VLAN {
	ethtype := strings.ToLower(p.Options["ethtype"])
	v := physical.VLAN{Service: ethtype == "802.1ad" || ethtype == "802.11ad", Pass: p.Options["vlan-passthru"] == "true"}
	if p.Tag != nil && *p.Tag > 0 && *p.Tag < 4096 {
		v.Tag = uint16(*p.Tag)
	}
	return v
}

// Types of ports that packets enter and leave by where no interface is claimed for
// them.
const (
	patch     = "patch"     // leads to another datapath's, on each chassis
	l3gateway = "l3gateway" // leads there on a gateway router's chassis
	localnet  = "localnet"  // of a physical network, on each chassis that has a way to it
	localport = "localport" // of an interface, on each chassis that has one for it
)

// Strings are the strings of a port that others may have too, to be kept once.
func (p *Port) Strings() []*string {
	return []*string{&p.Name, &p.Type, &p.Requested, &p.Version, &p.Peer, &p.Gateway, &p.For, &p.Network}
}
