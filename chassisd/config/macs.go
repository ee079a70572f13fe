package config

import (
	"strings"

	"github.com/weft-sdn/weft/chassisd/packet"
)

// ChassisMAC is the Ethernet address under which a chassis sends what its routers
// route to a physical network, in place of the routers' own.
type ChassisMAC struct {
	Network string
	MAC     packet.MAC
}

// ChassisMACsKey is the key of ChassisMACs, in the settings and in
// Chassis.other_config.
const ChassisMACsKey = "ovn-chassis-mac-mappings"

// ChassisMACs reads "NETWORK:MAC,…", and tells what is not that in the order of the
// text.
func ChassisMACs(text string) (macs []ChassisMAC, problems []string) {
	of := map[string]bool{}
	for _, pair := range split(text) {
		network, address, ok := strings.Cut(pair, ":")
		mac, err := packet.ParseMAC(address)
		switch {
		case !ok || network == "" || err != nil || mac.IsGroup() || mac == packet.MAC{}:
			problems = append(problems, `"`+pair+`" is not network:MAC of a port`)
		case of[network]:
			problems = append(problems, `"`+pair+`" comes after another address for the network`)
		default:
			of[network] = true
			macs = append(macs, ChassisMAC{network, mac})
		}
	}
	return macs, problems
}
