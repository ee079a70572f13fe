package trace

import (
	"errors"
	"fmt"

	"github.com/weft-sdn/weft/lflow"
)

// Options are the answers to what a database does not know.
type Options struct {
	// CT is what ct_next finds, one after the other. Where it ends, an
	// established connection.
	CT []CTState
	// Friendly says that steps show the names that users gave, not UUIDs.
	Friendly bool
	// LBDst is the backend that load balancing prefers: ADDRESS or
	// ADDRESS:PORT; empty for none.
	LBDst string
	// Choose takes one of several alternatives (the members of a group, the
	// backends of a load balancer), 0 <= Choose(n) < n. Nil takes the first.
	Choose func(n int) int
	// DNS is the question of packets that are DNS queries; without a name
	// dns_lookup has no answer.
	DNS Question
	// Unanswered says that what packets ask of the agent (DHCP, router
	// advertisements) it does not answer. A microflow has no payload to tell
	// by: they are taken for proper requests otherwise.
	Unanswered bool
	// Conntrack, where it is set, tracks connections, and CT is not asked. It
	// goes from one trace to the next.
	Conntrack *Conntrack
	// Quoted is the datagram that the packet quotes, if it is an ICMP error:
	// as it arrived where the error was made. Nil leaves the error without a
	// connection. Only a Conntrack looks at it.
	Quoted *Packet
	// Learned is what earlier packets left behind; this one adds to it. With
	// it a packet whose next hop's address has to be asked for waits, and is
	// not sent on by the answer. Nil forgets.
	Learned *Learned
	// SelectID is the id that select takes where it is among those offered;
	// 0 leaves it to Choose.
	SelectID uint16
	// MaxTables is how many tables may be visited before that is taken for a
	// loop; 0 is enough for a flood to some thousand ports.
	MaxTables int
	// Warn is told about flows that cannot be parsed, and do nothing. May be
	// nil.
	Warn func(error)
}

const (
	defaultMaxTables = 1 << 17
	// maxDepth is how deep tables may call one another: a loop is deeper. A packet
	// that two routers send to each other is not, until its 255 hops are used up, each
	// of some 26 tables, and then nor is what tells its sender so.
	maxDepth = 1 << 14
	// maxActions is how many actions a table may execute on average.
	maxActions = 8
)

// run is one trace.
type run struct {
	net   *Network
	names *names
	opts  Options

	ct      []CTState // not used yet
	lessons []func(*Learned)
	tables  int // visited so far
	done    int // actions executed so far
	depth   int // of nested tables and actions
}

// Trace runs a packet through the ingress pipeline of a datapath and all that
// follows. The datapath may be nil: that of the packet's inport.
func (n *Network) Trace(d *Datapath, p *Packet, o Options) (*Step, error) {
	if p.inport == "" {
		return nil, errors.New("microflow does not specify ingress port")
	}
	in := n.ports[p.inport]
	switch {
	case in == nil:
		return nil, fmt.Errorf("unknown port %q", p.inport)
	case d == nil:
		d = in.Datapath
	case in.Datapath != d:
		return nil, fmt.Errorf("port %q is in datapath %q, not in %q", in.Name, in.Datapath.Name, d.Name)
	}
	if o.MaxTables <= 0 {
		o.MaxTables = defaultMaxTables
	}
	r := &run{net: n, names: &names{n, o.Friendly}, opts: o, ct: o.CT}
	p = p.clone()
	p.resident, p.quoted = r.resident, o.Quoted
	p.zone, _ = in.zone()
	root := &Step{Kind: Pipeline, Text: pipelineText(r.names, lflow.Ingress, d, p)}
	r.table(d, place{lflow.Ingress, 0}, p, root)
	for _, f := range r.lessons {
		f(o.Learned)
	}
	return root, nil
}

func (r *run) warn(err error) {
	if r.opts.Warn != nil {
		r.opts.Warn(err)
	}
}

// add appends a step and returns it.
func (s *Step) add(k Kind, text string) *Step {
	sub := &Step{Kind: k, Text: text}
	s.Steps = append(s.Steps, sub)
	return sub
}

func (s *Step) addf(k Kind, format string, args ...any) *Step {
	return s.add(k, fmt.Sprintf(format, args...))
}

// table looks the packet up in a table and executes the flow found, in steps
// below super.
func (r *run) table(d *Datapath, at place, p *Packet, super *Step) {
	if r.tables++; r.tables > r.opts.MaxTables || r.depth >= maxDepth {
		super.addf(Problem, "*** more than %d tables, or %d nested ones: a loop", r.opts.MaxTables, maxDepth)
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	f, stage := r.net.lookup(d, at, p, r.warn)
	t := super.add(Table, tableText(r.names, at, stage, f))
	t.Flow = f
	if f == nil {
		return
	}
	x := &exec{run: r, dp: d, at: at, p: p, super: t}
	if f.trivial() {
		x.next(lflow.Next{})
		return
	}
	x.actions(f.actions)
}

// exec is the execution of a flow's actions.
type exec struct {
	*run
	dp    *Datapath
	at    place
	p     *Packet
	super *Step // whose steps those of the actions become
	// dropped says that there is nothing left for later actions, or not now.
	dropped bool
}

// on is the execution of actions on another packet.
func (x *exec) on(p *Packet, super *Step) *exec {
	return &exec{run: x.run, dp: x.dp, at: x.at, p: p, super: super}
}

func (x *exec) actions(as lflow.Actions) {
	for _, a := range as {
		if x.done++; x.done > maxActions*x.opts.MaxTables {
			x.super.add(Problem, "*** too many actions: a loop")
			return
		}
		text := string(a.Append(nil))
		x.super.add(Action, x.names.inText(text))
		x.action(a, text)
		if x.dropped {
			return
		}
	}
}

// action executes one action. A new one needs a case here and a file
// act_*.go.
func (x *exec) action(a lflow.Action, text string) {
	switch a := a.(type) {
	case lflow.Drop:
	case lflow.Next:
		x.next(a)
	case lflow.Output:
		x.output()
	case lflow.Set:
		x.assign(a, text)
	case lflow.Move:
		x.move(a)
	case lflow.Exchange:
		x.exchange(a)
	case lflow.DecTTL:
		x.decTTL()
	case lflow.Clone:
		x.nested("clone", x.p.clone(), a.Actions)
	case lflow.Nested:
		x.replace(a)
	case lflow.CTClear:
		x.p.clearConntrack()
	case lflow.CTNext:
		x.ctNext(a)
	case lflow.CTLB:
		x.ctLB(a)
	case lflow.CTNAT:
		x.ctNAT(a)
	case lflow.CTCommitNAT:
		x.ctCommitNAT(a)
	case lflow.CTCommit:
		x.ctCommit(a)
	case lflow.CTCommitToZone:
		x.ctCommitToZone(a)
	case lflow.Visit:
		x.visit(a)
	case lflow.Select:
		x.selectValue(a)
	case lflow.FwdGroup:
		x.fwdGroup(a)
	case lflow.Log:
		x.log(a)
	case lflow.Push:
		x.push(a)
	case lflow.Pop:
		x.pop(a)
	case lflow.Check:
		x.check(a)
	case lflow.CheckPktLarger:
		x.p.set(a.Dst, lflow.Value{}) // a microflow has no length
	case lflow.SetQueue, lflow.SetMeter, lflow.Sample, lflow.TriggerEvent, lflow.IGMP, lflow.HandleSvcCheck,
		lflow.HandleBFD, lflow.HandleDHCPv6Reply:
		// These change nothing that a packet meets.
	case lflow.CheckPortSec:
		x.p.set(a.Dst, bit(!x.portSecure(a.Out)))
	case lflow.CTOrig:
		x.ctOrig(a)
	case lflow.CommitECMPNextHop:
		x.commitECMPNextHop(a)
	case lflow.CommitLBAffinity:
		x.commitLBAffinity(a)
	case lflow.PutDHCP:
		x.putDHCP(a, text)
	case lflow.DHCPRelay:
		x.dhcpRelay(a)
	case lflow.PutNDRA:
		x.putNDRA(a, text)
	case lflow.DNSLookup:
		x.dnsLookup(a)
	case lflow.CheckEVPNARP:
		x.checkEVPNARP(a)
	case lflow.GetRemoteFDB:
		x.getRemoteFDB(a)
	case lflow.Mirror:
		x.mirror(a)
	case lflow.BindVport:
		x.bindVport(a)
	case lflow.PutFDB:
		x.putFDB(a)
	case lflow.PutMAC:
		x.putMAC(a)
	case lflow.LookupFDB:
		x.lookupFDB(a)
	case lflow.GetFDB:
		x.getFDB(a)
	case lflow.GetMAC:
		x.getMAC(a)
	case lflow.LookupMAC:
		x.lookupMAC(a)
	case lflow.LookupIP:
		x.lookupIP(a)
	default:
		x.super.addf(Problem, "*** %s this action is not evaluated", text)
	}
}

func bit(b bool) lflow.Value {
	if b {
		return lflow.U(1)
	}
	return lflow.Value{}
}
