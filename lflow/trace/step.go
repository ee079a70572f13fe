package trace

import (
	"fmt"

	"github.com/weft-sdn/weft/lflow"
)

// Kind is what a Step tells.
type Kind uint8

const (
	// Pipeline: the packet enters a pipeline, or a multicast group.
	Pipeline Kind = iota
	// Table: a flow matched, or none did.
	Table
	// Action: an action is executed, or a remark on it.
	Action
	// Change: what an action made of the packet, or that it was delivered.
	Change
	// Output: what an output action came to.
	Output
	// Transform: another packet takes the place of this one.
	Transform
	// Problem: something is wrong.
	Problem
)

// Step is one thing that happens to a packet, with what follows from it.
type Step struct {
	Kind Kind
	Text string
	// Flow is, for a Table, the flow that matched; nil if none did.
	Flow *Flow
	// Port is, where a packet was delivered (Kind Change), to which port, and
	// Packet what arrived there.
	Port   *Port
	Packet *Packet
	Steps  []*Step

	indent bool // printed indented even as the last of its list
}

// Delivered returns the ports that the packet, or what became of it, was
// output to, in the order of the steps. A port can be there several times.
func (s *Step) Delivered() []*Port {
	var ports []*Port
	if s.Kind == Change && s.Port != nil {
		ports = append(ports, s.Port)
	}
	for _, sub := range s.Steps {
		ports = append(ports, sub.Delivered()...)
	}
	return ports
}

// tableText is how a Table is printed. The number is right-aligned.
func tableText(n *names, at place, stage string, f *Flow) string {
	text := fmt.Sprintf("%2d. ", at.table)
	text += stage
	if f == nil {
		if stage != "" {
			text += ": "
		}
		return text + "no match (implicit drop)"
	}
	if f.Source != "" {
		text += " (" + f.Source + ")"
	}
	if text[len(text)-1] != ' ' {
		text += ": "
	}
	text += fmt.Sprintf("%s, priority %d", n.inText(f.Match), f.Priority)
	if len(f.UUID) >= 8 {
		text += ", uuid " + f.UUID[:8]
	}
	return text
}

func pipelineText(n *names, l lflow.Pipeline, d *Datapath, p *Packet) string {
	if l == lflow.Ingress {
		return fmt.Sprintf(`ingress(dp="%s", inport="%s")`, n.datapath(d), n.port(p.inport))
	}
	return fmt.Sprintf(`egress(dp="%s", inport="%s", outport="%s")`, n.datapath(d), n.port(p.inport), n.port(p.outport))
}
