package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Static are the flows that are always there.
func Static() []ofctrl.Flow {
	var m maker
	m.add(lower.TablePhyToLog, prioDefault) // drop

	m.act.Resubmit(lower.TableRemoteOutput)
	m.add(lower.TableOutputLargeDetect, prioDefault)
	m.match.SetMasked(regFlags, FlagAllowLoopback, FlagAllowLoopback)
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TableOutputLargeHandle, 10)
	m.act.Resubmit(lower.TableRemoteOutput)
	m.add(lower.TableOutputLargeHandle, prioDefault)

	m.match.SetMasked(regFlags, FlagLocalOnly, FlagLocalOnly)
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TableRemoteOutput, prioRule)
	m.match.SetMasked(regFlags, flagLocalport, flagLocalport)
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TableRemoteOutput, prioRule)
	m.match.SetMasked(regFlags, FlagFromRamp, FlagFromRamp|FlagAllowLoopback)
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TableRemoteOutput, prioRule)
	m.act.Resubmit(lower.TableLocalOutput)
	m.add(lower.TableRemoteOutput, prioDefault)

	m.add(lower.TableLocalOutput, prioDefault) // drop
	m.wayFlows()

	for r := range NumLogRegs {
		m.set(ofp.Reg(r), 0)
	}
	m.act.Resubmit(lower.TableLogEgress)
	m.add(lower.TableCheckLoopback, prioDefault)

	// OpenFlow does not send a packet out of the port that it came in by,
	// unless it forgets which that was.
	m.match.SetMasked(regFlags, FlagAllowLoopback, FlagAllowLoopback)
	m.act.StackPush(ofp.Whole(ofp.InPort))
	m.act.SetField(ofp.InPort, ofp.U64(uint64(ofp.PortAny)))
	m.act.Resubmit(lower.TableLogToPhy)
	m.act.StackPop(ofp.Whole(ofp.InPort))
	m.add(lower.TableSaveInport, prioPort)
	m.act.Resubmit(lower.TableLogToPhy)
	m.add(lower.TableSaveInport, prioDefault)

	m.add(lower.TableLogToPhy, prioDefault) // drop
	return m.flows
}
