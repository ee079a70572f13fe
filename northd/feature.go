package northd

import (
	"cmp"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// feature is one thing that the network can do. Its functions write flows for
// the entities that they are about; nil writes none. They are pure: what a
// port's flows depend on is read through the reader.
type feature struct {
	name string
	// class writes what is the same on all datapaths of a class.
	class func(f *flows, c class)
	// port writes the flows of one switch port.
	port func(c *Compiler, r *incr.Reader, f *flows, p *lport)
}

// features are all features, in the order in which their flows stand in a unit.
func features() []feature {
	return []feature{admission(), portSecurity(), accessControl(), stateful(), neighbours(), lookup()}
}

// flows collects the logical flows of one unit.
type flows struct {
	list   []sb.Flow
	source string      // the feature that writes
	hint   schema.UUID // the northbound row
	meter  string      // limits what the flows send to agents
	drop   string      // what is written in place of drop; see Compiler.dropping
	problems
}

// add adds a flow to a stage. A nil match is every packet.
func (f *flows) add(stage string, priority uint16, match *lflow.Expr, actions ...lflow.Action) {
	text := "1"
	if match != nil {
		text = match.String()
	}
	f.addText(stage, priority, text, actions...)
}

// addText adds a flow whose match holds what a user wrote.
func (f *flows) addText(stage string, priority uint16, match string, actions ...lflow.Action) {
	at, ok := pipeline.Find(stage)
	if !ok {
		panic("northd: no stage " + stage)
	}
	p := sb.Ingress
	if at.Egress {
		p = sb.Egress
	}
	text := lflow.Actions(actions).String()
	if text == "drop;" {
		text = cmp.Or(f.drop, text)
	}
	f.list = append(f.list, sb.Flow{
		Pipeline: p, Table: uint8(at.Table), Priority: priority, Match: match, Actions: text,
		Stage: stage, Source: f.source, Hint: f.hint, ControllerMeter: f.meter,
	})
}

// fail marks the packet in a bit and goes on to the stage that drops it.
func fail(bit string) []lflow.Action {
	return []lflow.Action{lflow.SetTo(pipeline.LField(bit), 1), lflow.Next{}}
}

// pass clears the bit and goes on: each copy of a packet that goes to several
// ports is judged for itself.
func pass(bit string) []lflow.Action {
	return []lflow.Action{lflow.SetTo(pipeline.LField(bit), 0), lflow.Next{}}
}

func inport(p *lport) *lflow.Expr { return lflow.Eq(lflow.Inport, p.Name) }
