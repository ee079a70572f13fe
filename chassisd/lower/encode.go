package lower

import (
	"fmt"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// encoder appends the twins of actions to b.
type encoder struct {
	b      *ofp.ActionBuilder
	env    *Env
	at     lflow.Place
	tables Tables
	meter  string // controller_meter of the flow
	cookie uint64 // of the flow
	// asked is set when the result depends on an answer of env, varies when
	// that is not the same on all datapaths of the scope.
	asked, varies bool
	depth         int
	// nested holds builders for actions within userdata, by depth.
	nested []*ofp.ActionBuilder
}

// Tables are the OpenFlow tables that depend on where a flow stands.
type Tables struct {
	Ingress, Egress uint8 // those of stage 0
	Output          uint8 // where `output' goes
}

// tablesOf returns the tables for flows of a pipeline.
func tablesOf(l lflow.Pipeline) Tables {
	t := Tables{Ingress: TableLogIngress, Egress: TableLogEgress, Output: TableOutputLargeDetect}
	if l == lflow.Egress {
		t.Output = TableSaveInport
	}
	return t
}

// stage returns the OpenFlow table of a stage.
func (t Tables) stage(l lflow.Pipeline, n int) uint8 {
	if l == lflow.Egress {
		return t.Egress + uint8(n)
	}
	return t.Ingress + uint8(n)
}

func (e *encoder) all(as lflow.Actions) error {
	for _, a := range as {
		if err := e.action(a); err != nil {
			return err
		}
	}
	return nil
}

// action appends the twin of a.
func (e *encoder) action(a lflow.Action) error {
	switch a := a.(type) {
	case lflow.Drop:
	case lflow.Next:
		e.next(a)
	case lflow.Output:
		e.b.Resubmit(e.tables.Output)
	case lflow.Set:
		e.set(a)
	case lflow.Move:
		e.b.CopyField(subfield(a.Src), subfield(a.Dst))
	case lflow.Exchange:
		e.exchange(a)
	case lflow.DecTTL:
		e.b.DecTTL()
	case lflow.Clone:
		return e.clone(a)
	case lflow.Nested:
		return e.nest(a)
	case lflow.PutDHCP:
		return e.putDHCP(a)
	case lflow.DHCPRelay:
		e.dhcpRelay(a)
	case lflow.PutNDRA:
		return e.putNDRA(a)
	case lflow.DNSLookup:
		e.dnsLookup(a)
	case lflow.Log:
		e.log(a)
	case lflow.TriggerEvent:
		e.triggerEvent(a)
	case lflow.IGMP:
		e.igmp()
	case lflow.BindVport:
		e.bindVport(a)
	case lflow.HandleSvcCheck:
		e.handleSvcCheck(a)
	case lflow.HandleDHCPv6Reply:
		e.handleDHCPv6Reply()
	case lflow.HandleBFD:
		e.handleBFD()
	case lflow.CTClear:
		e.b.CTClear()
	case lflow.CTNext:
		e.ctNext(a)
	case lflow.CheckPortSec:
		e.checkPortSec(a)
	case lflow.PutFDB:
		e.putFDB(a)
	case lflow.LookupFDB:
		e.lookupFDB(a)
	case lflow.GetFDB:
		e.getFDB(a)
	case lflow.GetMAC:
		e.getMAC(a)
	case lflow.PutMAC:
		e.putMAC(a)
	case lflow.LookupMAC:
		e.lookupMAC(a)
	case lflow.LookupIP:
		e.lookupIP(a)
	case lflow.CTCommit:
		return e.ctCommit(a)
	case lflow.CTCommitNAT:
		e.ctCommitNAT(a)
	case lflow.CTCommitToZone:
		e.ctCommitToZone(a)
	case lflow.CTNAT:
		e.ctNAT(a)
	case lflow.CTLB:
		return e.ctLB(a)
	case lflow.Select:
		return e.selectOne(a)
	case lflow.FwdGroup:
		return e.fwdGroup(a)
	case lflow.Check:
		e.check(a)
	case lflow.Visit:
		e.visit(a)
	case lflow.CTOrig:
		e.ctOrig(a)
	case lflow.CommitECMPNextHop:
		e.commitECMPNextHop(a)
	case lflow.CommitLBAffinity:
		e.commitLBAffinity(a)
	case lflow.Sample:
		return e.sample(a)
	case lflow.SetMeter:
		e.setMeter(a)
	case lflow.SetQueue:
		e.b.SetQueue(uint32(a.Queue))
	case lflow.Mirror:
		e.mirror(a)
	case lflow.Push:
		e.b.StackPush(subfield(a.Src))
	case lflow.Pop:
		e.b.StackPop(subfield(a.Dst))
	case lflow.CheckPktLarger:
		e.b.CheckPktLarger(a.Size, subfield(a.Dst))
	case lflow.CheckEVPNARP:
		e.checkEVPNARP(a)
	case lflow.GetRemoteFDB:
		e.getRemoteFDB(a)
	default:
		return fmt.Errorf("lower: action %s has no twin", a.Append(nil))
	}
	return nil
}

// nextTable is the table for packets that go on to the stage behind this one.
func (e *encoder) nextTable() uint8 { return e.goTo(e.at.Pipeline, e.at.Table+1) }

// goTo is the table for packets that go on to a stage.
func (e *encoder) goTo(l lflow.Pipeline, stage int) uint8 {
	if e.env.Passed != nil {
		e.asked = true
		for e.env.Passed(l, stage) {
			stage++
		}
	}
	return e.tables.stage(l, stage)
}

// port returns the key of a port, 0 for none.
func (e *encoder) port(name string) uint32 {
	if name == "" || e.env.Port == nil {
		return 0
	}
	e.asked = true
	p, _ := e.env.Port(name)
	e.varies = e.varies || p.Varies || p.Datapath != 0
	return p.Key
}

// metadata is what of metadata a learned flow matches: all of it where the
// scope is all of it, else the datapath's key, as what lies above may change
// before the flow is forgotten.
func (e *encoder) metadata() ofp.Subfield {
	e.asked = true
	if e.env.Scope.Mask == ^uint64(0) {
		return ofp.Whole(ofp.Metadata)
	}
	return ofp.Sub(ofp.Metadata, 0, DatapathBits)
}

// controller appends the action that sends the packet to the agent.
func (e *encoder) controller(userdata []byte, pause bool) {
	c := ofp.Controller{Userdata: userdata, Pause: pause}
	if e.meter != "" && e.env.Meter != nil {
		e.asked = true
		c.MeterID = e.env.Meter(e.meter)
	}
	e.b.Controller(c)
}

// flag is one bit of the logical flags.
func flag(bit int) ofp.Subfield { return ofp.Sub(ofp.Reg10, bit, 1) }

// clear sets all bits of s to zero.
func (e *encoder) clear(s ofp.Subfield) { e.b.Load(s, ofp.U128{}) }

// raise sets a bit.
func (e *encoder) raise(bit ofp.Subfield) { e.b.Load(bit, ofp.U64(1)) }

// arg is a field that a table or handler wants its argument in.
type arg struct{ in, src ofp.Subfield }

// arguments puts the arguments where they are wanted and saves what was
// there; restore puts that back.
func (e *encoder) arguments(args ...arg) {
	for _, a := range args {
		if a.in != a.src {
			e.b.StackPush(a.in)
		}
	}
	for i := len(args) - 1; i >= 0; i-- {
		if a := args[i]; a.in != a.src {
			e.b.StackPush(a.src)
		}
	}
	for _, a := range args {
		if a.in != a.src {
			e.b.StackPop(a.in)
		}
	}
}

func (e *encoder) restore(args ...arg) {
	for i := len(args) - 1; i >= 0; i-- {
		if a := args[i]; a.in != a.src {
			e.b.StackPop(a.in)
		}
	}
}
