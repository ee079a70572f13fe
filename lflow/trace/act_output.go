package trace

import "github.com/weft-sdn/weft/lflow"

const omitted = "/* omitting output because inport == outport && !flags.loopback */"

// output hands the packet over to the egress pipeline of outport, or from
// there to the port itself. Later actions go on with the packet as it is now.
func (x *exec) output() {
	if x.at.pipeline == lflow.Egress {
		x.deliver()
	} else {
		x.send()
	}
}

// send hands the packet over to the egress pipeline of outport.
func (x *exec) send() {
	p := x.p.clone()
	if g := x.dp.groups[p.outport]; g != nil {
		x.multicast(g, p)
		return
	}
	out := x.port(p.outport)
	if out != nil && out.Type == "chassisredirect" {
		if out = x.distributed(out); out == nil {
			return
		}
		p.outport = out.Name
	}
	switch {
	case out == nil:
		x.super.add(Problem, "*** output to null logical port")
	case bounces(p):
		x.super.add(Output, omitted)
	default:
		x.egress(p, x.super.add(Pipeline, pipelineText(x.names, lflow.Egress, x.dp, p)))
	}
}

// port returns the port of that name on this datapath.
func (x *exec) port(name string) *Port {
	if p := x.net.ports[name]; p != nil && p.Datapath == x.dp {
		return p
	}
	return nil
}

func bounces(p *Packet) bool { return p.inport == p.outport && !p.is(lflow.FlagsLoopback) }

// distributed returns the port that a chassisredirect port stands for.
func (x *exec) distributed(p *Port) *Port {
	to := x.port(p.Distributed)
	if to == nil {
		x.super.addf(Problem, `*** output to type "%s" port "%s" with no or invalid distributed port`, p.Type, x.names.port(p.Name))
		return nil
	}
	x.super.addf(Output, `/* Replacing type "%s" outport "%s" with distributed port "%s". */`, p.Type, x.names.port(p.Name), x.names.port(to.Name))
	return to
}

func (x *exec) multicast(g *Group, p *Packet) {
	all := x.super.addf(Pipeline, `multicast(dp="%s", mcgroup="%s")`, x.names.datapath(x.dp), g.Name)
	for _, port := range g.Ports {
		c := p.clone()
		c.outport = port.Name
		one := all.add(Pipeline, pipelineText(x.names, lflow.Egress, x.dp, c))
		if bounces(c) {
			one.add(Output, omitted)
			continue
		}
		one.indent = true
		x.egress(c, one)
	}
}

// egress: the zone is that of the port, if it has one.
func (x *exec) egress(p *Packet, super *Step) {
	p.clearRegisters()
	if out := x.port(p.outport); out != nil {
		if zone, ok := out.zone(); ok {
			p.zone = zone
		}
	}
	x.table(x.dp, place{lflow.Egress, 0}, p, super)
}

// deliver ends an egress pipeline: the packet is at its port, or goes through
// a patch port to the next datapath.
func (x *exec) deliver() {
	out := x.port(x.p.outport)
	if out == nil {
		x.super.add(Problem, "*** output to null logical port")
		return
	}
	x.super.addf(Output, `/* output to "%s", type "%s" */`, x.names.port(out.Name), out.Type)
	peer := x.net.ports[out.Peer]
	if peer == nil {
		end := x.super.addf(Change, `output("%s")`, x.names.port(out.Name))
		end.Port, end.Packet = out, x.p.clone()
		return
	}
	p := x.p.clone()
	p.clearRegisters()
	p.clearConntrack()
	p.set(lflow.Flags, lflow.Value{})
	p.inport, p.outport = peer.Name, ""
	p.zone, _ = peer.zone()
	super := x.super.add(Pipeline, pipelineText(x.names, lflow.Ingress, peer.Datapath, p))
	x.table(peer.Datapath, place{lflow.Ingress, 0}, p, super)
}
