package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Registers and bits of the contract with the wire and the switch.
const (
	// NumLogRegs is how many registers, from reg0, a pipeline has for itself.
	NumLogRegs = 10

	FlagAllowLoopback = 1 << lower.FlagLoopback // MLF_ALLOW_LOOPBACK
	FlagFromRamp      = 1 << 1                  // MLF_RCV_FROM_RAMP
	FlagLocalOnly     = 1 << 4                  // MLF_LOCAL_ONLY

	flagLocalport = 1 << lower.FlagLocalport // MLF_LOCALPORT
	flagLocalnet  = 1 << lower.FlagLocalnet  // MLF_LOCALNET
	flagOverride  = 1 << lower.FlagOverride  // MLF_OVERRIDE_LOCAL_ONLY

	regFlags    = ofp.Reg10
	regDNATZone = ofp.Reg11
	regSNATZone = ofp.Reg12
	regZone     = ofp.Reg13
	regInport   = ofp.Reg14
	regOutport  = ofp.Reg15
)

// Bits of a Geneve packet: the VNI is the datapath's key; in the option 15
// bits of ingress port lie above 16 bits of egress port.
const (
	inportBits  = 15
	outportBits = 16
)

const (
	prioDefault  = 0
	prioDatapath = 50
	prioPort     = 100
	prioRule     = 150
	prioMend     = 65535 // above all logical flows that match port groups
)
