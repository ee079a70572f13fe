package graph

import (
	"cmp"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Flows collects the logical flows of one unit.
type Flows struct {
	Source string      // the feature that writes
	Hint   schema.UUID // the northbound row
	Meter  string      // limits what the flows send to agents; "" does not
	// RowProblems are what is wrong with the row that the unit is of.
	RowProblems

	list []sb.Flow
	drop string // what is written in place of drop; see InsteadOfDrop
}

// Add adds a flow to a stage. A nil match is every packet.
func (f *Flows) Add(stage string, priority uint16, match *lflow.Expr, actions ...lflow.Action) {
	text := "1"
	if match != nil {
		text = match.String()
	}
	f.AddText(stage, priority, text, actions...)
}

// AddText adds a flow whose match holds what a user wrote.
func (f *Flows) AddText(stage string, priority uint16, match string, actions ...lflow.Action) {
	at, ok := pipeline.Find(stage)
	if !ok {
		panic("graph: no stage " + stage)
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
		Stage: stage, Source: f.Source, Hint: f.Hint, ControllerMeter: f.Meter,
	})
}

// Pass lets packets of which a stage knows nothing go on: the priority-0 flow
// of its owner.
func (f *Flows) Pass(stages ...string) {
	for _, s := range stages {
		f.Add(s, 0, nil, lflow.Next{})
	}
}
