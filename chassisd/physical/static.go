package physical

import (
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Static are the flows that are always there.
func Static() []ofctrl.Flow {
	var m maker
	m.add(tablePhyToLog, prioDefault) // drop

	m.act.Resubmit(tableRemoteOutput)
	m.add(tableOutputLargePktDetect, prioDefault)
	m.match.SetMasked(regFlags, FlagAllowLoopback, FlagAllowLoopback)
	m.act.Resubmit(tableLocalOutput)
	m.add(tableOutputLargePktProcess, 10)
	m.act.Resubmit(tableRemoteOutput)
	m.add(tableOutputLargePktProcess, prioDefault)

	m.match.SetMasked(regFlags, FlagLocalOnly, FlagLocalOnly)
	m.act.Resubmit(tableLocalOutput)
	m.add(tableRemoteOutput, prioRule)
	m.match.SetMasked(regFlags, FlagFromRamp, FlagFromRamp|FlagAllowLoopback)
	m.act.Resubmit(tableLocalOutput)
	m.add(tableRemoteOutput, prioRule)
	m.act.Resubmit(tableLocalOutput)
	m.add(tableRemoteOutput, prioDefault)

	m.add(tableLocalOutput, prioDefault) // drop

	for r := range NumLogRegs {
		m.set(ofp.Reg(r), 0)
	}
	m.act.Resubmit(tableLogEgress)
	m.add(tableCheckLoopback, prioDefault)

	// OpenFlow does not send a packet out of the port that it came in by,
	// unless it forgets which that was.
	m.match.SetMasked(regFlags, FlagAllowLoopback, FlagAllowLoopback)
	m.act.StackPush(ofp.Whole(ofp.InPort))
	m.act.SetField(ofp.InPort, ofp.U64(uint64(ofp.PortAny)))
	m.act.Resubmit(tableLogToPhy)
	m.act.StackPop(ofp.Whole(ofp.InPort))
	m.add(tableSaveInport, prioPort)
	m.act.Resubmit(tableLogToPhy)
	m.add(tableSaveInport, prioDefault)

	m.add(tableLogToPhy, prioDefault) // drop
	return m.flows
}
