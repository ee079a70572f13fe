package northd

import (
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// What goes into a compiler and comes out is the graph's.
type (
	Change  = graph.Change
	Output  = graph.Output
	Unit    = graph.Unit
	Problem = graph.Problem
	Unread  = graph.Unread
	Claim   = model.Claim
)

// Options configure a Compiler. The zero value is the default.
type Options struct {
	// MaxDatapathKey and MaxPortKey bound the tunnel keys that are given out;
	// 0 means what Geneve has room for, 2^24-1 and 2^15-1.
	MaxDatapathKey, MaxPortKey int
	// Workers is how many goroutines evaluate rows; 0 means GOMAXPROCS.
	Workers int
}

// Input is what changed since the last Apply.
type Input struct {
	// NB, SB, Kept and Lost are as in graph.Input.
	NB, SB []Change
	Kept   []schema.Row
	Lost   []schema.UUID
	// Claims are the changed winners of ports, by Port_Binding UUID; nil is
	// nobody.
	Claims map[schema.UUID]*Claim
}

// Compiler compiles northbound rows. One goroutine owns it.
type Compiler struct {
	*graph.Graph
	m *model.Model
}

// New returns a compiler that knows nothing yet.
func New(o Options) *Compiler {
	g := graph.New(graph.Config{NB: nb.Schema(), SB: sb.Schema(), Workers: o.Workers})
	return &Compiler{g, plan(g, model.Limits{MaxDatapathKey: o.MaxDatapathKey, MaxPortKey: o.MaxPortKey})}
}

// Apply takes what changed and returns what changes because of it.
func (c *Compiler) Apply(in Input) Output {
	for id, claim := range in.Claims {
		if claim == nil {
			c.m.Claims.Delete(id)
		} else {
			c.m.Claims.Set(id, *claim)
		}
	}
	return c.Graph.Apply(graph.Input{NB: in.NB, SB: in.SB, Kept: in.Kept, Lost: in.Lost})
}
