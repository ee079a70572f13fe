package tables

import (
	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Port is what the tables read of a Port_Binding; clouds write much in the other
// columns.
type Port struct {
	Name, Type string
	Datapath   schema.UUID
	Key        uint32
	Requested  string // options:requested-chassis, as binding.Requested
	Version    string // options:iface-id-ver
	Peer       string // options:peer
	Gateway    string // options:l3gateway-chassis
}

// PortOf takes it from a row.
func PortOf(p *sb.PortBinding) Port {
	return Port{
		Name: p.LogicalPort, Type: p.Type, Datapath: p.Datapath, Key: uint32(p.TunnelKey),
		Requested: binding.Requested(p.Options), Version: p.Options["iface-id-ver"],
		Peer: p.Options["peer"], Gateway: p.Options["l3gateway-chassis"],
	}
}

// Strings are the strings of a port, to be kept once where others are equal.
func (p *Port) Strings() []*string {
	return []*string{&p.Name, &p.Type, &p.Requested, &p.Version, &p.Peer, &p.Gateway}
}
